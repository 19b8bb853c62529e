/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A block of lines at the bottom of the terminal that standard output is. The cursor stays at the end of the
 * block's last line. To draw again it goes up to the block's first row, and each line is written over the old one.
 *
 * The size is asked for anew for each drawing, so a resize needs no signal. A terminal that became narrower has
 * broken the old lines into several rows each: the way up is counted in rows of the new width.
 */

#include "terminal.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define USUAL_COLUMNS 80
#define USUAL_ROWS 24

#define CURSOR_UP "\033[%uA"
#define ERASE_TO_END_OF_LINE "\033[K"
#define ERASE_TO_END_OF_SCREEN "\033[J"

struct _FetchTerminal
{
  GStrv lines;   /* as drawn last */
};

/* Whether standard output is a terminal on which a cursor can be moved. */
gboolean
fetch_terminal_is_there (void)
{
  return isatty (STDOUT_FILENO) && g_strcmp0 (g_getenv ("TERM"), "dumb") != 0;
}

void
fetch_terminal_get_size (guint *columns,
                         guint *rows)
{
  struct winsize size = { 0, };

  ioctl (STDOUT_FILENO, TIOCGWINSZ, &size);

  *columns = size.ws_col > 0 ? size.ws_col : USUAL_COLUMNS;
  *rows = size.ws_row > 0 ? size.ws_row : USUAL_ROWS;
}

static guint
count_rows_above_cursor (FetchTerminal *self)
{
  guint columns;
  guint rows;
  guint n = 0;

  fetch_terminal_get_size (&columns, &rows);

  for (guint i = 0; self->lines[i] != NULL; i++)
    n += MAX (1, (strlen (self->lines[i]) + columns - 1) / columns);

  return MIN (n, rows) - (n > 0 ? 1 : 0);
}

FetchTerminal *
fetch_terminal_new (void)
{
  FetchTerminal *self = g_new0 (FetchTerminal, 1);

  self->lines = g_new0 (char *, 1);

  return self;
}

/* Erases the block: what is printed next begins where the block began. */
void
fetch_terminal_free (FetchTerminal *self)
{
  const char *const nothing[] = { NULL };

  fetch_terminal_draw (self, nothing);
  g_strfreev (self->lines);
  g_free (self);
}

/* The lines are of ASCII, each shorter than the terminal is wide, and not more than it has rows. */
void
fetch_terminal_draw (FetchTerminal      *self,
                     const char  *const *lines)
{
  guint n_rows_up = count_rows_above_cursor (self);
  g_autoptr(GString) output = g_string_new ("\r");

  if (n_rows_up > 0)
    g_string_append_printf (output, CURSOR_UP, n_rows_up);

  for (guint i = 0; lines[i] != NULL; i++)
    g_string_append_printf (output, "%s%s" ERASE_TO_END_OF_LINE, i > 0 ? "\n" : "", lines[i]);

  g_string_append (output, ERASE_TO_END_OF_SCREEN);

  fputs (output->str, stdout);
  fflush (stdout);

  g_strfreev (self->lines);
  self->lines = g_strdupv ((GStrv) lines);
}
