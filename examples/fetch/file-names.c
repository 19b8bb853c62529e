/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Names for files, out of URLs that nobody vouches for. A name is the last part of the URL's path, of which
 * only letters, digits and "._-" are kept, none of these marks at its beginning: so it cannot name another directory,
 * be hidden, or look like an option. A name that was given out before gets a number.
 *
 *   http://example.org/a/b.html       b.html
 *   http://example.net/b.html?c=d     b.html-2
 *   http://example.org/%2e%2e%2f      2e_2e_2f
 *   http://example.org/               index.html
 */

#include "file-names.h"

#define NAME_FOR_NOTHING "index.html"
#define MOST_CHARACTERS 100

struct _FetchFileNames
{
  GHashTable *last_numbers;   /* a name that is taken → the number that was last put after it */
};

FetchFileNames *
fetch_file_names_new (void)
{
  FetchFileNames *self = g_new0 (FetchFileNames, 1);

  self->last_numbers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  return self;
}

void
fetch_file_names_free (FetchFileNames *self)
{
  g_hash_table_unref (self->last_numbers);
  g_free (self);
}

static char *
last_part_of_path (const char *url)
{
  const char *after_scheme = strstr (url, "://");
  const char *host = after_scheme != NULL ? after_scheme + strlen ("://") : url;
  g_autofree char *host_and_path = g_strndup (host, strcspn (host, "?#"));
  const char *slash = strrchr (host_and_path, '/');

  return g_strdup (slash != NULL ? slash + 1 : "");
}

static char *
make_safe (const char *text)
{
  g_autofree char *safe = g_strndup (text, MOST_CHARACTERS);
  const char *start;

  g_strcanon (safe, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "._-", '_');
  start = safe + strspn (safe, "._-");

  return g_strdup (*start != '\0' ? start : NAME_FOR_NOTHING);
}

char *
fetch_file_names_make (FetchFileNames *self,
                       const char     *url)
{
  g_autofree char *part = last_part_of_path (url);
  g_autofree char *wanted = make_safe (part);
  g_autofree char *name = g_strdup (wanted);
  guint number = GPOINTER_TO_UINT (g_hash_table_lookup (self->last_numbers, wanted));

  while (g_hash_table_contains (self->last_numbers, name))
    {
      number++;
      g_free (name);
      name = g_strdup_printf ("%s-%u", wanted, number);
    }

  g_hash_table_insert (self->last_numbers, g_strdup (wanted), GUINT_TO_POINTER (MAX (number, 1)));

  if (number > 0)
    g_hash_table_insert (self->last_numbers, g_strdup (name), GUINT_TO_POINTER (1));

  return g_steal_pointer (&name);
}
