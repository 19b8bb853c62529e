/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The error domain, and the translation of the messages: every message that users see is an error's. */

#include "config.h"

#include "cf-error.h"

#include <libintl.h>

G_DEFINE_QUARK (cf-error-quark, cf_error)

__attribute__ ((constructor)) static void
bind_translations (void)
{
  bindtextdomain (GETTEXT_PACKAGE, LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
}
