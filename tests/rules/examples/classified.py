"""Calls of functions that take no array of numbers: a traced one beside them changes nothing."""

import io

import numpy as np

EXAMPLES = {}

CONSTANTS = {
    "base_repr": [lambda x: np.base_repr(5, 3)],
    "binary_repr": [lambda x: np.binary_repr(5)],
    "broadcast_shapes": [lambda x: np.broadcast_shapes(x.shape, (4, 1, 1))],
    "diag_indices": [lambda x: np.diag_indices(len(x))],
    "mask_indices": [lambda x: np.mask_indices(2, np.triu)],
    "tril_indices": [lambda x: np.tril_indices(*x.shape)],
    "triu_indices": [lambda x: np.triu_indices(len(x), 1, x.shape[1])],
    "isdtype": [lambda x: np.isdtype(x.dtype, "real floating")],
    "issubdtype": [lambda x: np.issubdtype(x.dtype, np.floating)],
    "promote_types": [lambda x: np.promote_types(x.dtype, np.complex64)],
    "mintypecode": [lambda x: np.mintypecode([x.dtype.char, "f"])],
    "typename": [lambda x: np.typename("d")],
    "datetime_data": [lambda x: np.datetime_data(np.dtype("m8[s]"))],
    "get_printoptions": [lambda x: np.get_printoptions()["precision"]],
    "set_printoptions": [lambda x: np.set_printoptions()],
    "printoptions": [lambda x: np.printoptions().__enter__()["precision"]],
    "geterr": [lambda x: tuple(np.geterr())],
    "seterr": [lambda x: tuple(np.seterr())],
    "geterrcall": [lambda x: np.geterrcall()],
    "seterrcall": [lambda x: np.seterrcall(None)],
    "getbufsize": [lambda x: np.getbufsize()],
    "setbufsize": [lambda x: np.setbufsize(np.getbufsize())],
    "get_include": [lambda x: np.get_include()],
    "info": [lambda x: np.info(np.sin, output=io.StringIO())],
    "show_config": [lambda x: len(np.show_config(mode="dicts"))],
    "show_runtime": [lambda x: callable(np.show_runtime)],
    "fromfile": [lambda x: np.fromfile("/dev/null")],
    "fromregex": [
        lambda x: np.fromregex(io.StringIO("1 2"), r"(\d) (\d)", [("a", int), ("b", int)]).shape
    ],
    "fromstring": [lambda x: np.fromstring("1 2", sep=" ")],
    "genfromtxt": [lambda x: np.genfromtxt(["1 2"])],
    "load": [lambda x: callable(np.load)],
    "loadtxt": [lambda x: np.loadtxt(["1 2"])],
    "row_stack": [lambda x: callable(np.row_stack)],  # noqa: NPY201
    "nested_iters": [lambda x: len(np.nested_iters(np.ones((2, 2)), [[0], [1]]))],
    "busday_count": [lambda x: np.busday_count("2024-01-01", "2024-02-01")],
    "busday_offset": [lambda x: np.busday_offset("2024-01-01", 3)],
    "is_busday": [lambda x: np.is_busday("2024-01-01")],
    "datetime_as_string": [lambda x: np.datetime_as_string(np.datetime64("2024-01-01"))],
    "packbits": [lambda x: np.packbits(x > 0.5)],
    "unpackbits": [lambda x: np.unpackbits((100 * x).astype(np.uint8), axis=1)],
}
