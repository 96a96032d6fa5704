"""The frontier of a plan as a picture."""

from pathlib import Path

from matplotlib.figure import Figure

from serving.plan.answer import Plan
from serving.plan.files import replace_whole

#: Of the palette of Okabe and Ito (2008), which colour-blind readers tell apart.
BLUE, ORANGE = "#0072B2", "#D55E00"


def frontier_figure(plan: Plan) -> Figure:
    """Return the engagements of the best plans by budget, with the 80 % range, the plan marked."""
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.add_subplot()
    points = plan["frontier"]
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
        xytext=(10, -26),
        color=ORANGE,
    )
    if len(points) > 1 and min(low) > 0:
        axes.set_xscale("log")
        axes.set_yscale("log")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:,.0f}")
    axes.set_xlabel(f"budget ({plan['currency']})")
    axes.set_ylabel("engagements of the best plan")
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="upper left")
    return figure


def write_picture(plan: Plan, path: Path) -> None:
    """Write the picture as PNG or SVG, by the ending. Raises FileError."""
    figure = frontier_figure(plan)
    metadata = {"Date": None} if path.suffix == ".svg" else {}
    ending = path.suffix.removeprefix(".")
    replace_whole(
        path, lambda beside: figure.savefig(beside, format=ending, dpi=150, metadata=metadata)
    )
