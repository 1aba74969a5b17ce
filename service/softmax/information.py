"""What rows tell about the coefficients of softmax regression: the Fisher information."""

import numpy as np

from service.softmax.arrays import Floats

BLOCK_NUMBERS = 2_000_000
"""Rows are taken in blocks of about so many numbers, 16 MB."""


def fisher_information(columns: Floats, proba: Floats, sample_weight: Floats) -> Floats:
    """Give the Fisher information of the coefficients of all classes but a reference.

    For softmax regression the observed and the expected information are the same, and both
    are the Hessian of the weighted log loss.

    Parameters
    ----------
    columns : ndarray of shape (n_samples, n_columns)
        The design, a column of ones included where there is an intercept.
    proba : ndarray of shape (n_samples, n_free)
        Probabilities of the classes whose coefficients are free; the reference is left out.
    sample_weight : ndarray of shape (n_samples,)
        Weights, none negative; one of 2 counts as two rows.

    Returns
    -------
    ndarray of shape (n_free * n_columns, n_free * n_columns)
        ``sum_i w_i (diag(p_i) - p_i p_i') (x) x_i x_i'``, classes outermost; symmetric.

    References
    ----------
    .. [1] D. Böhning, "Multinomial logistic regression algorithm", *Annals of the Institute
       of Statistical Mathematics* 44, 1992.

    Examples
    --------
    >>> fisher_information(np.ones((3, 1)), np.full((3, 1), 0.5), np.ones(3))
    array([[0.75]])
    """
    n_columns, n_free = columns.shape[1], proba.shape[1]
    information = np.zeros((n_free * n_columns, n_free * n_columns))
    for rows in row_blocks(len(columns), n_free * n_columns):
        root = np.sqrt(sample_weight[rows])[:, None]
        products = class_products(columns[rows] * root, proba[rows])
        information -= products.T @ products
        for k in range(n_free):
            own = slice(k * n_columns, (k + 1) * n_columns)
            scaled = columns[rows] * (root * np.sqrt(proba[rows, k])[:, None])
            information[own, own] += scaled.T @ scaled
    return information


def class_products(columns: Floats, proba: Floats) -> Floats:
    """Multiply every column by every class's probability.

    Parameters
    ----------
    columns : ndarray of shape (n_samples, n_columns)
        Any columns.
    proba : ndarray of shape (n_samples, n_classes)
        Probabilities.

    Returns
    -------
    ndarray of shape (n_samples, n_classes * n_columns)
        ``p_ik x_ic``, classes outermost.

    Examples
    --------
    >>> class_products(np.array([[1.0, 4.0]]), np.array([[0.25, 0.75]]))
    array([[0.25, 1.  , 0.75, 3.  ]])
    """
    products: Floats = proba[:, :, None] * columns[:, None, :]
    return products.reshape(len(columns), -1)


def row_blocks(n_samples: int, width: int) -> list[slice]:
    """Divide rows into blocks that fit a cache rather than fill the memory.

    Parameters
    ----------
    n_samples : int
        Number of rows.
    width : int
        How many numbers are made of each row.

    Returns
    -------
    list of slice
        Consecutive rows, all of them once.

    Examples
    --------
    >>> row_blocks(3, BLOCK_NUMBERS // 2)
    [slice(0, 2, None), slice(2, 3, None)]
    """
    step = max(1, BLOCK_NUMBERS // max(1, width))
    return [slice(at, min(at + step, n_samples)) for at in range(0, n_samples, step)]
