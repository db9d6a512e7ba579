"""Records -> training sets, and what a training set has in common with the records that its model is evaluated on."""
