"""The evaluator matrix as one JSON document."""

from typing import Any

from harness.qa.protocol_matrix import Matrix
from harness.record.store import SCHEMA_VERSION, to_json


def to_document(matrix: Matrix, record: str | None) -> dict[str, Any]:
    """The matrix as plain JSON values, with the differences of each row from the claims, and which row is nearest."""
    nearest = matrix.nearest()
    rows = [
        {**to_json(row), "differences": matrix.differences(row), "is_nearest": row is nearest} for row in matrix.rows
    ]
    return {
        "schema_version": SCHEMA_VERSION,
        **to_json(matrix),
        "rows": rows,
        "warning": matrix.warning(),
        **({"record": record} if record else {}),
    }
