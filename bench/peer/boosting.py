"""Fits scikit-learn's HistGradientBoostingRegressor to the head of a matrix and judges it on the rest.

Arguments: folder with `x` (columns of doubles, one after the other) and `y`; number of columns; rows to fit; trees;
learning rate; leaves; rows in a leaf. Prints CPU seconds and wall seconds of the fit, and the hold-out RMSE.
"""

import sys
import time

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor

folder, columns, rows, trees, rate, leaves, least = sys.argv[1:]
head = int(rows)
x = np.fromfile(folder + "/x").reshape(int(columns), -1).T.copy()
y = np.fromfile(folder + "/y")
model = HistGradientBoostingRegressor(
    max_iter=int(trees),
    learning_rate=float(rate),
    max_leaf_nodes=int(leaves),
    min_samples_leaf=int(least),
    max_bins=255,
    early_stopping=False,
)
cpu, wall = time.process_time(), time.perf_counter()
model.fit(x[:head], y[:head])
print(time.process_time() - cpu, time.perf_counter() - wall)
print(np.sqrt(np.mean((model.predict(x[head:]) - y[head:]) ** 2)))
