/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A bar for each transfer that runs, as many as the terminal has rows for, and under them one for the whole batch:
 *
 *   http://127.0.0.1:41205/steady  [#########-----------]  45%  430.1 kB of 1.0 MB
 *   http://127.0.0.1:45537/chunked [        <=>         ]                 196.6 kB
 *   3 of 5 done, 2 running         [#############-------]  68%             0.612 s
 *
 * A transfer whose length is unknown gets a mark that wanders. A timer of the main loop draws; it reads the progress
 * that the threads reported from the futures. In a narrow terminal the bar goes first, then the text at the right.
 */

#include "bars.h"

#include "terminal.h"
#include "units.h"

#define DRAWINGS_PER_SECOND 12

#define BAR_WIDTH 20
#define DETAIL_WIDTH 20
#define PERCENT_WIDTH 4
#define LEAST_COLUMNS_FOR_BAR 72
#define LEAST_COLUMNS_FOR_DETAIL 48

#define WANDERER "<=>"

struct _FetchBars
{
  FetchBatch    *batch;
  FetchTerminal *terminal;
  guint          timer;
  gint64         start;
  guint          n_drawings;
};

typedef struct
{
  int      columns;       /* that a line may fill */
  int      label_width;
  gboolean has_bar;
  gboolean has_detail;
} Layout;

static int
longest_label (FetchBatch *batch)
{
  GPtrArray *entries = fetch_batch_get_entries (batch);
  gsize longest = 0;

  for (guint i = 0; i < entries->len; i++)
    {
      FetchEntry *entry = g_ptr_array_index (entries, i);

      longest = MAX (longest, strlen (entry->label));
    }

  return MIN (longest, G_MAXINT);
}

/* One column stays free, for a line that fills its row makes some terminals go on in the next. */
static Layout
make_layout (guint columns,
             int   longest)
{
  Layout layout = { .columns = MAX (columns, 2) - 1 };
  int others = PERCENT_WIDTH + 1;

  layout.has_bar = layout.columns >= LEAST_COLUMNS_FOR_BAR;
  layout.has_detail = layout.columns >= LEAST_COLUMNS_FOR_DETAIL;

  if (layout.has_bar)
    others += BAR_WIDTH + 3;

  if (layout.has_detail)
    others += DETAIL_WIDTH + 1;

  layout.label_width = CLAMP (layout.columns - others, 1, MAX (longest, 30));

  return layout;
}

/* Of a label that is too long the end is shown: that is where URLs differ. */
static char *
fit_label (const char *label,
           int         width)
{
  int length = strlen (label);

  if (length <= width)
    return g_strdup_printf ("%-*s", width, label);

  if (width <= 3)
    return g_strdup (label + length - width);

  return g_strconcat ("...", label + length - (width - 3), NULL);
}

static char *
make_bar (double fraction)
{
  int n_filled = CLAMP (fraction, 0, 1) * BAR_WIDTH;
  char bar[BAR_WIDTH + 1] = { 0, };

  memset (bar, '-', BAR_WIDTH);
  memset (bar, '#', n_filled);

  return g_strdup (bar);
}

static char *
make_wandering_bar (guint n_drawings)
{
  int way = BAR_WIDTH - strlen (WANDERER);
  int step = n_drawings % (2 * way);
  int position = step <= way ? step : 2 * way - step;

  return g_strdup_printf ("%*s%s%*s", position, "", WANDERER, way - position, "");
}

/* `percent` and `bar` as text, for either may be unknown. */
static char *
make_line (const Layout *layout,
           const char   *label,
           const char   *bar,
           const char   *percent,
           const char   *detail)
{
  g_autofree char *fitted = fit_label (label, layout->label_width);
  g_autoptr(GString) line = g_string_new (fitted);

  if (layout->has_bar)
    g_string_append_printf (line, " [%s]", bar);

  g_string_append_printf (line, " %*s", PERCENT_WIDTH, percent);

  if (layout->has_detail)
    g_string_append_printf (line, " %*s", DETAIL_WIDTH, detail);

  g_string_truncate (line, MIN (line->len, (gsize) layout->columns));

  return g_string_free (g_steal_pointer (&line), FALSE);
}

static char *
make_transfer_line (const Layout *layout,
                    FetchEntry   *entry,
                    guint         n_drawings)
{
  double fraction = cf_future_get_progress (entry->future);
  g_autofree char *received = cf_future_dup_message (entry->future);
  gboolean has_unknown_length = received != NULL && fraction == 0;
  g_autofree char *bar = has_unknown_length ? make_wandering_bar (n_drawings) : make_bar (fraction);
  g_autofree char *percent = has_unknown_length ? g_strdup ("") : g_strdup_printf ("%d%%", (int) (fraction * 100));

  return make_line (layout, entry->label, bar, percent, received != NULL ? received : "waiting");
}

static double
fraction_of_entry (FetchEntry *entry)
{
  if (entry->outcome != FETCH_UNDECIDED)
    return 1;

  return entry->future != NULL ? cf_future_get_progress (entry->future) : 0;
}

static char *
make_overall_line (FetchBars    *self,
                   const Layout *layout,
                   guint         n_running)
{
  GPtrArray *entries = fetch_batch_get_entries (self->batch);
  guint n_done = entries->len - fetch_batch_count (self->batch, FETCH_UNDECIDED);
  g_autofree char *label = g_strdup_printf ("%u of %u done, %u running", n_done, entries->len, n_running);
  g_autofree char *elapsed = fetch_format_seconds (g_get_monotonic_time () - self->start);
  g_autofree char *percent = NULL;
  g_autofree char *bar = NULL;
  double sum = 0;

  for (guint i = 0; i < entries->len; i++)
    sum += fraction_of_entry (g_ptr_array_index (entries, i));

  bar = make_bar (sum / entries->len);
  percent = g_strdup_printf ("%d%%", (int) (sum / entries->len * 100));

  return make_line (layout, label, bar, percent, elapsed);
}

static void
draw (FetchBars *self)
{
  GPtrArray *entries = fetch_batch_get_entries (self->batch);
  g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);
  guint n_running = 0;
  guint columns;
  guint rows;
  Layout layout;

  fetch_terminal_get_size (&columns, &rows);
  layout = make_layout (columns, longest_label (self->batch));

  for (guint i = 0; i < entries->len; i++)
    {
      FetchEntry *entry = g_ptr_array_index (entries, i);

      if (entry->future == NULL || !cf_future_is_running (entry->future))
        continue;

      n_running++;

      if (lines->len + 1 < rows)
        g_ptr_array_add (lines, make_transfer_line (&layout, entry, self->n_drawings));
    }

  g_ptr_array_add (lines, make_overall_line (self, &layout, n_running));
  g_ptr_array_add (lines, NULL);

  fetch_terminal_draw (self->terminal, (const char *const *) lines->pdata);
  self->n_drawings++;
}

static gboolean
on_drawing_due (gpointer user_data)
{
  draw (user_data);

  return G_SOURCE_CONTINUE;
}

/* The batch has to have a URL, and outlives the bars. */
FetchBars *
fetch_bars_new (FetchBatch *batch)
{
  FetchBars *self = g_new0 (FetchBars, 1);

  self->batch = batch;
  self->terminal = fetch_terminal_new ();
  self->start = g_get_monotonic_time ();
  self->timer = g_timeout_add (1000 / DRAWINGS_PER_SECOND, on_drawing_due, self);

  return self;
}

void
fetch_bars_free (FetchBars *self)
{
  g_source_remove (self->timer);
  fetch_terminal_free (self->terminal);
  g_free (self);
}
