# SPDX-License-Identifier: Apache-2.0
"""Bars as SVG, by hand: no library, readable on a dark page and on a light one, and without colours."""
from html import escape

WIDTH, MARGIN = 760, 20
LABEL = 200  # where the bars begin
FIGURE = 90  # what a figure behind the longest bar needs
BAR, STEP, GROUP_STEP = 20, 27, 20
TITLE, CAPTION = 64, 38

STYLE = """
  .page { fill: #ffffff } .text { fill: #1f2328 } .quiet { fill: #59636e }
  .ours { fill: #0969da } .peer { fill: #afb8c1 } .axis { stroke: #d1d9e0 }
  text { font: 13px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif }
  .title { font-size: 17px; font-weight: 600 } .group { font-weight: 600 } .small { font-size: 11.5px }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117 } .text { fill: #f0f6fc } .quiet { fill: #9198a1 }
    .ours { fill: #4493f8 } .peer { fill: #656c76 } .axis { stroke: #3d444d }
  }
"""


def count_text(figure):
    return format(round(figure), ",")


def text(x, y, words, kind, anchor="start"):
    return '<text class="%s" x="%d" y="%d" text-anchor="%s">%s</text>' % (kind, x, y, anchor, escape(words))


def bar(y, who, figure, is_ours, longest):
    length = figure / longest * (WIDTH - MARGIN - LABEL - FIGURE)
    middle = y + BAR - 6
    return [text(LABEL - 8, middle, who, "text", "end"),
            '<rect class="%s" x="%d" y="%d" width="%.1f" height="%d" rx="2"/>'
            % ("ours" if is_ours else "peer", LABEL, y, max(length, 1), BAR),
            text(int(LABEL + length + 8), middle, count_text(figure), "text")]


def draw_bars(title, groups, caption):
    """Groups of a name and bars, a bar being a label, a figure and whether it is ours. All on one scale."""
    longest = max(figure for _, bars in groups for _, figure, _ in bars)
    parts, y = [], TITLE
    for name, bars in groups:
        parts.append(text(MARGIN, y + BAR - 6, name, "text group"))
        begin = y
        for who, figure, is_ours in bars:
            parts += bar(y, who, figure, is_ours, longest)
            y += STEP
        parts.append('<line class="axis" x1="%d" x2="%d" y1="%d" y2="%d"/>' % (LABEL, LABEL, begin - 4, y - 3))
        y += GROUP_STEP
    height = y + CAPTION
    told = "; ".join("%s: %s" % (name, ", ".join("%s %s" % (who, count_text(figure)) for who, figure, _ in bars))
                     for name, bars in groups)
    head = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img">'
            % (WIDTH, height, WIDTH, height),
            "<!-- SPDX-License-Identifier: Apache-2.0; drawn by tools/bench files -->",
            "<title>%s</title>" % escape(title), "<desc>%s</desc>" % escape(told), "<style>%s</style>" % STYLE,
            '<rect class="page" width="100%" height="100%"/>',
            text(MARGIN, 34, title, "text title")]
    return "\n".join([*head, *parts, text(MARGIN, height - 20, caption, "quiet small"), "</svg>\n"])
