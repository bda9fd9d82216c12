# SPDX-License-Identifier: BSD-2-Clause
"""Pairs of figures as an SVG of bars: text that is the same for the same figures."""

import math
from xml.sax.saxutils import escape

TITLE_WIDTH, PLOT_WIDTH, VALUE_WIDTH = 230, 500, 90
TOP, BAR, GAP, LEGEND = 48, 11, 10, 18
COLOURS = {"bare metal": "#9aa5b1", "Viaduct guest": "#1f6feb"}
HEADING = "Instructions per operation, logarithmic; lower is better"


def decades(rows):
    """How many powers of ten the longest bar needs."""
    return max(1, math.ceil(math.log10(max(max(pair) for _, *pair in rows))))


def text(x, y, words, anchor="start"):
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{escape(words)}</text>'


def bar(y, value, scale, colour):
    # One instruction and none are no bar to speak of.
    width = round(max(1, math.log10(max(value, 1)) * scale), 1)
    return [f'<rect x="{TITLE_WIDTH}" y="{y}" width="{width}" height="{BAR}" fill="{colour}"/>',
            text(TITLE_WIDTH + width + 4, y + BAR - 2, f"{value:,.0f}")]


def grid(count, scale, bottom):
    for power in range(count + 1):
        x = round(TITLE_WIDTH + power * scale, 1)
        yield f'<line x1="{x}" y1="{TOP - 6}" x2="{x}" y2="{bottom}" stroke="#e3e7ec"/>'
        yield text(x, bottom + 14, f"{10 ** power:,}", "middle")


def svg(rows):
    """rows: (title, bare, guest), each positive or 0."""
    rows = list(rows)
    count = decades(rows)
    scale = PLOT_WIDTH / count
    bottom = TOP + len(rows) * (2 * BAR + GAP)
    width, height = TITLE_WIDTH + PLOT_WIDTH + VALUE_WIDTH, bottom + 24
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
        f' viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11" fill="#24292f">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        text(8, LEGEND, HEADING),
    ]
    for i, (name, colour) in enumerate(COLOURS.items()):
        x = TITLE_WIDTH + PLOT_WIDTH / 2 + 130 * i
        lines += [f'<rect x="{x}" y="{LEGEND - 9}" width="10" height="10" fill="{colour}"/>',
                  text(x + 14, LEGEND, name)]
    lines += grid(count, scale, bottom)
    for i, (title, *values) in enumerate(rows):
        y = TOP + i * (2 * BAR + GAP)
        lines.append(text(TITLE_WIDTH - 8, y + BAR + 4, title, "end"))
        for n, (value, colour) in enumerate(zip(values, COLOURS.values())):
            lines += bar(y + n * BAR, value, scale, colour)
    return "\n".join([*lines, "</svg>"]) + "\n"
