#!/usr/bin/env python3
"""Writes fixtures/*.parquet: small data sets in the shapes that Hugging Face data sets have. Needs pyarrow; the files are checked in.

    python3 tests/unit/common/data/make_fixtures.py
"""

import decimal
import pathlib

import pyarrow as pa
import pyarrow.parquet as pq

HERE = pathlib.Path(__file__).parent / "fixtures"


def write(name, columns, **options):
    pq.write_table(pa.table(columns), HERE / name, **options)


def problems():
    """Plain problems in several row groups, each column compressed by another codec."""
    count = 300
    write("problems.parquet", {
        "question": pa.array([f"{i} + {i} = ? ü {'x' * (i % 7)}" for i in range(count)]),
        "solution": pa.array([2 * i for i in range(count)], pa.int64()),
        "extra": pa.array([{"origin": "even" if i % 2 == 0 else "odd", "split": None} for i in range(count)]),
        "unread": pa.array([b"\xff" * 10] * count),
    }, row_group_size=128, compression={"question": "snappy", "solution": "zstd", "extra.origin": "none", "extra.split": "none", "unread": "snappy"})


def conversations():
    """A conversation and its reference answer, as sets for reinforcement learning with verifiable rewards have them."""
    system = {"role": "system", "content": "Be brief."}
    write("conversations.parquet", {
        "prompt": pa.array([[{"role": "user", "content": "1 + 1"}], [system, {"role": "user", "content": "2 + 2"}]]),
        "reward_model": pa.array([{"ground_truth": "2", "style": "rule"}, {"ground_truth": "4", "style": "rule"}]),
    }, compression="zstd")


def kinds():
    """One row of every kind of value, and one of nulls."""
    write("kinds.parquet", {
        "text": pa.array(["a", None]),
        "large_text": pa.array(["b", None], pa.large_string()),
        "coded_text": pa.array(["c", None]).dictionary_encode(),
        "bytes": pa.array([b"d", None]),
        "flag": pa.array([True, None]),
        "small": pa.array([-3, None], pa.int8()),
        "big": pa.array([2**63 + 1, None], pa.uint64()),
        "real": pa.array([0.5, None]),
        "list": pa.array([["x", "y"], []]),
        "map": pa.array([[("k", 1)], []], pa.map_(pa.string(), pa.int32())),
        "decimal": pa.array([decimal.Decimal("1.25"), None], pa.decimal128(8, 2)),
    })


def gzipped():
    """A codec that is not built in."""
    write("gzipped.parquet", {"prompt": pa.array(["1 + 1"] * 50), "answer": pa.array(["2"] * 50)}, compression="gzip")


if __name__ == "__main__":
    problems()
    conversations()
    kinds()
    gzipped()
