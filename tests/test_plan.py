"""Plans: from a list and a budget to a roster."""

import typing

from plan_example import PLAN_EXAMPLE

from serving.plan import answer


def check_shape(value, expected):
    """Check a value against a type made of TypedDicts, lists, unions and literals."""
    if typing.is_typeddict(expected):
        assert list(value) == list(expected.__annotations__)
        for name, inner in typing.get_type_hints(expected).items():
            check_shape(value[name], inner)
    elif typing.get_origin(expected) is list:
        for one in value:
            check_shape(one, typing.get_args(expected)[0])
    elif value is not None:
        for inner in typing.get_args(expected):
            if typing.is_typeddict(inner):
                check_shape(value, inner)


def test_the_example_has_the_shape_of_a_plan():
    check_shape(PLAN_EXAMPLE, answer.Plan)
