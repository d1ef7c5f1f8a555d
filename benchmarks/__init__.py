"""The speeds we claim, each as a ratio in one run."""
