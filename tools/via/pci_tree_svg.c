/* SPDX-License-Identifier: BSD-2-Clause */
/* The tree as a drawing that needs nothing else: SVG 1.1, one line of text a row. */
#include <stdio.h>
#include <string.h>

#include "pci_function.h"
#include "pci_tree.h"

#define LINE   22U /* pixels, as all of these */
#define INDENT 24U
#define MARGIN 16U
#define GLYPH  8U /* of a monospaced character at 13 pixels, rounded up */

static const char style[] = "<style>\n"
			    "text { font: 13px monospace; fill: #222 }\n"
			    "path { stroke: #999; fill: none }\n"
			    "circle { fill: #fff; stroke: #555; stroke-width: 2 }\n"
			    ".owned circle { fill: #bbb }\n"
			    ".assignable circle { fill: #7c7; stroke: #262 }\n"
			    ".lent circle { fill: #69d; stroke: #136 }\n"
			    ".resetting circle { fill: #fd6; stroke: #860 }\n"
			    ".broken circle { fill: #e55; stroke: #811 }\n"
			    "</style>\n";

/* As text or in an attribute (XML 1.0 2.2, 2.4): control characters cannot be in it at all. */
static void escaped(const char *s)
{
	for (; *s != '\0'; s++) {
		unsigned char ch = (unsigned char)*s;

		switch (ch) {
		case '&':
			fputs("&amp;", stdout);
			break;
		case '<':
			fputs("&lt;", stdout);
			break;
		case '>':
			fputs("&gt;", stdout);
			break;
		case '"':
			fputs("&quot;", stdout);
			break;
		default:
			putchar(ch >= 0x20 && ch <= 0x7e ? ch : '?');
			break;
		}
	}
}

static unsigned int x_of(unsigned int depth)
{
	return MARGIN + depth * INDENT;
}

static unsigned int y_of(size_t row)
{
	return MARGIN + (unsigned int)row * LINE + LINE / 2;
}

static unsigned int width(const struct pci_tree *t)
{
	unsigned int widest = 0;
	char words[PCI_TREE_WORDS];

	for (size_t i = 0; i < t->count; i++) {
		size_t length = strlen(pci_tree_words(t, &t->rows[i], words));
		unsigned int end = x_of(t->rows[i].depth) + (unsigned int)(length + 2) * GLYPH;

		widest = end > widest ? end : widest;
	}
	return widest + MARGIN;
}

/* What a pointer that rests on it is told. */
static void print_counters(const struct control_function *f)
{
	printf("<title>faults %llu, interrupts %llu, storms %llu, errors %llu+%llu, resets %llu"
	       "</title>",
	       (unsigned long long)f->faults, (unsigned long long)f->interrupts,
	       (unsigned long long)f->storms, (unsigned long long)f->errors_corrected,
	       (unsigned long long)f->errors_uncorrected, (unsigned long long)f->resets);
}

static void print_row(const struct pci_tree *t, size_t i, unsigned int parent_y)
{
	const struct pci_tree_row *row = &t->rows[i];
	unsigned int x = x_of(row->depth), y = y_of(i);
	char words[PCI_TREE_WORDS];

	if (row->depth != 0) {
		printf("<path d=\"M%u %uV%uH%u\"/>\n", x_of(row->depth - 1), parent_y + 6, y,
		       x - 6);
	}
	printf("<g class=\"%s\">", row->f != NULL ? function_state_name(row->f->state) : "bus");
	if (row->f != NULL) {
		print_counters(row->f);
	}
	printf("<circle cx=\"%u\" cy=\"%u\" r=\"5\"/><text x=\"%u\" y=\"%u\">", x, y, x + 12,
	       y + 4);
	escaped(pci_tree_words(t, row, words));
	printf("</text></g>\n");
}

void pci_tree_svg(const struct pci_tree *t)
{
	unsigned int at[PCI_TREE_DEPTH_MAX + 1] = { 0 }; /* y of the last row of each depth */
	unsigned int w = width(t), h = 2 * MARGIN + (unsigned int)t->count * LINE;

	printf("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	       "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" "
	       "viewBox=\"0 0 %u %u\">\n"
	       "<title>PCI functions</title>\n%s"
	       "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
	       w, h, w, h, style);
	for (size_t i = 0; i < t->count; i++) {
		unsigned int depth = t->rows[i].depth;

		at[depth] = y_of(i);
		print_row(t, i, depth != 0 ? at[depth - 1] : 0);
	}
	printf("</svg>\n");
}
