"""The catalogue: what there is to be had, each as one record that can be searched and told in several ways."""
