"""The kinds of panels, each with the look that all of its kind have."""

from grafana_foundation_sdk.builders import common as build
from grafana_foundation_sdk.builders import (
    dashboard,
    heatmap,
    prometheus,
    stat,
    statetimeline,
    table,
    text,
    timeseries,
)
from grafana_foundation_sdk.models import common, dashboard as model
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode, HeatmapColorScale
from grafana_foundation_sdk.models.prometheus import PromQueryFormat
from grafana_foundation_sdk.models.text import TextMode

DATASOURCE = model.DataSourceRef(type_val="prometheus", uid="${datasource}")


def query(expression, legend="", instant=False):
    one = prometheus.Dataquery().expr(expression).datasource(DATASOURCE).legend_format(legend or "__auto")
    return one.instant() if instant else one.range()


def levels(*steps):
    """Colours from a value on: levels("green", (0.8, "orange")). Grafana has a tone of each for dark and for light."""
    first, *others = steps
    return (
        dashboard.ThresholdsConfig()
        .mode(model.ThresholdsMode.ABSOLUTE)
        .steps([model.Threshold(value=None, color=first), *(model.Threshold(value=at, color=colour) for at, colour in others)])
    )


def named(panel, title, description, unit, targets, width, height):
    panel.title(title).description(description).unit(unit).datasource(DATASOURCE).span(width).height(height)
    for number, target in enumerate(targets):
        panel.with_target(target.ref_id(chr(ord("A") + number)))
    return panel


def figure(title, description, expression, unit, *steps, width=4, decimals=None, none="none", states=None):
    """One number, as it is now or over all of the time that is shown."""
    panel = named(stat.Panel(), title, description, unit, [query(expression, instant=True)], width, 4)
    panel.thresholds(levels(*(steps or ("text",)))).no_value(none)
    panel.color_scheme(dashboard.FieldColor().mode(model.FieldColorModeId.THRESHOLDS))
    panel.color_mode(common.BigValueColorMode.VALUE).graph_mode(common.BigValueGraphMode.NONE)
    panel.reduce_options(build.ReduceDataOptions().calcs(["lastNotNull"]).values(False))
    if decimals is not None:
        panel.decimals(decimals)
    if states:
        panel.mappings([values(states)])
    return panel


def values(states):
    """Words and colours for values: {"1": ("up", "green")}."""
    return model.ValueMap(
        options={
            value: model.ValueMappingResult(text=word, color=colour, index=index)
            for index, (value, (word, colour)) in enumerate(states.items())
        }
    )


def graph(title, description, unit, *targets, steps=None, stacked=False, width=12, most=None, interval=None):
    """Lines over time; `steps` draws the limits."""
    panel = named(timeseries.Panel(), title, description, unit, targets, width, 8)
    panel.min(0).line_width(1).fill_opacity(30 if stacked else 8).show_points(common.VisibilityMode.NEVER)
    panel.color_scheme(dashboard.FieldColor().mode(model.FieldColorModeId.PALETTE_CLASSIC))
    panel.legend(
        build.VizLegendOptions()
        .display_mode(common.LegendDisplayMode.TABLE)
        .placement(common.LegendPlacement.BOTTOM)
        .show_legend(True)
        .calcs(["lastNotNull", "max"])
    )
    panel.tooltip(build.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI).sort(common.SortOrder.DESCENDING))
    if stacked:
        panel.stacking(build.StackingConfig().mode(common.StackingMode.NORMAL).group("A"))
    if steps:
        panel.thresholds(levels(*steps))
        panel.thresholds_style(build.GraphThresholdsStyleConfig().mode(common.GraphThresholdsStyleMode.DASHED))
    if most is not None:
        panel.max(most)
    if interval:
        panel.interval(interval)
    return panel


def spread(title, description, expression, width=12):
    """How many took how long, over time."""
    target = query(expression, "{{le}}").format(PromQueryFormat.HEATMAP)
    panel = named(heatmap.Panel(), title, description, "short", [target], width, 8)
    panel.calculate(False)
    panel.color(
        heatmap.HeatmapColorOptions()
        .mode(HeatmapColorMode.SCHEME)
        .scheme("Blues")
        .scale(HeatmapColorScale.EXPONENTIAL)
        .exponent(0.5)
        .steps(32)
    )
    panel.y_axis(heatmap.YAxisConfig().unit("s").axis_placement(common.AxisPlacement.LEFT))
    panel.cell_values(heatmap.CellValues().decimals(0))
    return panel


def states(title, description, expression, legend, words, width=12):
    """What was in which state, and when."""
    panel = named(statetimeline.Panel(), title, description, "short", [query(expression, legend)], width, 8)
    panel.mappings([values(words)]).thresholds(levels("text"))
    panel.color_scheme(dashboard.FieldColor().mode(model.FieldColorModeId.THRESHOLDS))
    panel.show_value(common.VisibilityMode.NEVER).merge_values(True).row_height(0.8)
    return panel


def rows(title, description, columns, labels, width=24, height=10):
    """A table with a row for each combination of labels. `columns`: (heading, expression, unit)."""
    letters = [chr(ord("A") + number) for number in range(len(columns))]
    targets = [query(expression, instant=True).format(PromQueryFormat.TABLE) for _, expression, _ in columns]
    panel = named(table.Panel(), title, description, "short", targets, width, height)
    panel.with_transformation(model.DataTransformerConfig(id_val="merge", options={}))
    headings = {f"Value #{letter}" if len(columns) > 1 else "Value": heading for letter, (heading, _, _) in zip(letters, columns)}
    panel.with_transformation(
        model.DataTransformerConfig(
            id_val="organize", options={"excludeByName": {"Time": True}, "renameByName": headings | labels, "indexByName": {}}
        )
    )
    for heading, _, unit in columns:
        panel.override_by_name(heading, [model.DynamicConfigValue(id_val="unit", value=unit)])
    first = columns[0][0]
    panel.sort_by([build.TableSortByFieldState().display_name(first).desc(True)])
    return panel


def note(title, markdown, width=24, height=4):
    return text.Panel().title(title).mode(TextMode.MARKDOWN).content(markdown).span(width).height(height)
