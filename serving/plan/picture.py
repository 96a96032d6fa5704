"""The frontier of a plan as a picture."""

from pathlib import Path

from matplotlib.figure import Figure

from serving.plan.answer import FrontierPoint, Plan
from serving.plan.files import replace_whole

#: Of the palette of Okabe and Ito (2008), which colour-blind readers tell apart.
BLUE, ORANGE = "#0072B2", "#D55E00"

#: Budgets of the plan up to which others are drawn.
FURTHEST = 4.0


def frontier_figure(plan: Plan) -> Figure:
    """Return the engagements of the best plans by budget, with the 80 % range, the plan marked."""
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.add_subplot()
    points = _near_points(plan)
    budgets = [point["budget"] for point in points]
    low, middle, high = (
        [point["engagements"][name] for point in points]  # type: ignore[literal-required]
        for name in ("p10", "p50", "p90")
    )
    axes.fill_between(budgets, low, high, color=BLUE, alpha=0.2, linewidth=0, label="80 % range")
    axes.plot(budgets, middle, color=BLUE, marker="o", markersize=4, label="median")
    total = plan["total"]["engagements"]
    axes.plot([plan["budget"]], [total["p50"]], "D", color=ORANGE, markersize=8, label="this plan")
    axes.annotate(
        f"{plan['total']['creators']} creators\n{total['p50']:,.0f}",
        (plan["budget"], total["p50"]),
        textcoords="offset points",
        xytext=(12, -22),
        color=ORANGE,
    )
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:,.0f}")
    beyond = [point["budget"] for point in plan["frontier"] if point not in points]
    named = f"; not drawn: {', '.join(f'{one:,.0f}' for one in beyond)}" if beyond else ""
    axes.set_xlabel(f"budget ({plan['currency']}){named}")
    axes.set_ylabel("engagements of the best plan")
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="upper left")
    return figure


def _near_points(plan: Plan) -> list[FrontierPoint]:
    """Return the points up to FURTHEST budgets, or all where these are too few for a line."""
    points = plan["frontier"]
    near = [point for point in points if point["budget"] <= FURTHEST * plan["budget"]]
    return near if len(near) > 2 else points


def write_picture(plan: Plan, path: Path) -> None:
    """Write the picture as PNG or SVG, by the ending. Raises FileError."""
    figure = frontier_figure(plan)
    metadata = {"Date": None} if path.suffix == ".svg" else {}
    ending = path.suffix.removeprefix(".")
    replace_whole(
        path, lambda beside: figure.savefig(beside, format=ending, dpi=150, metadata=metadata)
    )
