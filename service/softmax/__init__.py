"""The mathematics of softmax regression and its values; numpy and nothing else."""
