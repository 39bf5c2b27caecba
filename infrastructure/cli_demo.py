"""`firstdegree demo`."""

from typing import Annotated

import typer


def demo(
    seed: Annotated[int, typer.Option(help="Another seed, another network.")] = 7,
) -> None:
    """demo"""
