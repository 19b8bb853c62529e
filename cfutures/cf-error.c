/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The error domain, and the translation of the messages: every message that users see is an error's. */

#include "config.h"

#include "cf-error-private.h"

#include <glib/gi18n-lib.h>
#include <libintl.h>
#include <stdatomic.h>

/* As G_DEFINE_QUARK() makes it, but with an atomic variable: any thread may come first. */
GQuark
cf_error_quark (void)
{
  static _Atomic GQuark quark;
  GQuark answer = atomic_load_explicit (&quark, memory_order_relaxed);

  if (answer == 0)
    {
      answer = g_quark_from_static_string ("cf-error-quark");
      atomic_store_explicit (&quark, answer, memory_order_relaxed);
    }

  return answer;
}

/**
 * cf_error_new_shut_down:
 *
 * Returns: (transfer full): what a call fails with that came too late
 */
GError *
cf_error_new_shut_down (void)
{
  return g_error_new_literal (CF_ERROR, CF_ERROR_SHUT_DOWN,
                              _("The executor was shut down, and takes no more calls"));
}

__attribute__ ((constructor)) static void
bind_translations (void)
{
  bindtextdomain (GETTEXT_PACKAGE, LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
}
