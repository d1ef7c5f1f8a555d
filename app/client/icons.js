/** Symbols and hatches, drawn here: no sprite to fetch. */

const SCALE = 2;

/**
 * @param {number} size in CSS pixels
 * @param {(pen: CanvasRenderingContext2D) => void} draw
 * @returns {ImageData}
 */
function picture(size, draw) {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = size * SCALE;
  const pen = canvas.getContext('2d');
  if (!pen) throw new Error('this browser has no 2D canvas');
  pen.scale(SCALE, SCALE);
  draw(pen);
  return pen.getImageData(0, 0, canvas.width, canvas.height);
}

/** @param {string} colour @param {number} size one stripe per tile, from corner to corner so that tiles join */
const hatch = (colour, size) =>
  picture(size, (pen) => {
    pen.strokeStyle = colour;
    pen.lineWidth = 1.2;
    pen.beginPath();
    for (const shift of [-size, 0, size]) {
      pen.moveTo(shift - 1, size + 1);
      pen.lineTo(shift + size + 1, -1);
    }
    pen.stroke();
  });

const cross = () =>
  picture(10, (pen) => {
    pen.strokeStyle = '#1b1f23';
    pen.lineWidth = 1.5;
    pen.beginPath();
    pen.moveTo(2.2, 2.2);
    pen.lineTo(7.8, 7.8);
    pen.moveTo(7.8, 2.2);
    pen.lineTo(2.2, 7.8);
    pen.stroke();
  });

const factory = () =>
  picture(18, (pen) => {
    pen.fillStyle = '#14507a';
    pen.strokeStyle = '#ffffff';
    pen.lineWidth = 1.6;
    pen.translate(9, 9);
    pen.rotate(Math.PI / 4);
    pen.beginPath();
    pen.rect(-5, -5, 10, 10);
    pen.fill();
    pen.stroke();
  });

/** @param {import('maplibre-gl').Map} map */
export function addIcons(map) {
  const images = { 'hatch-regulatory': hatch('#1b1f23', 9), cross: cross(), source: factory() };
  for (const [name, image] of Object.entries(images)) map.addImage(name, image, { pixelRatio: SCALE });
}
