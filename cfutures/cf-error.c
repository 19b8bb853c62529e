/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The error domain, and the translation of the messages: every message that users see is an error's. */

#include "config.h"

#include "cf-error-private.h"

#include <glib/gi18n-lib.h>
#include <libintl.h>
#include <stdatomic.h>
#include <string.h>

/* An error's domain becomes a quark, and these are never freed. */
#define MAX_DOMAIN_LENGTH 255

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

/**
 * cf_error_to_variant:
 * @error: an error
 *
 * Returns: (transfer floating): the error as a value of %CF_ERROR_VARIANT_TYPE, for another process
 */
GVariant *
cf_error_to_variant (const GError *error)
{
  return g_variant_new ("(si^ay)", g_quark_to_string (error->domain), error->code, error->message);
}

/**
 * cf_error_from_variant:
 * @variant: a value of %CF_ERROR_VARIANT_TYPE
 *
 * Returns: (transfer full): the error, or a `CF_ERROR_PROTOCOL` if it makes no sense
 */
GError *
cf_error_from_variant (GVariant *variant)
{
  g_autoptr(GVariant) message_value = NULL;
  g_autofree char *message = NULL;
  const char *domain;
  int code;

  g_variant_get (variant, "(&si@ay)", &domain, &code, &message_value);
  if (*domain == '\0' || strlen (domain) > MAX_DOMAIN_LENGTH)
    return g_error_new_literal (CF_ERROR, CF_ERROR_PROTOCOL, _("The call failed with an error that makes no sense"));

  message = g_variant_dup_bytestring (message_value, NULL);
  return g_error_new_literal (g_quark_from_string (domain), code, message);
}

__attribute__ ((constructor)) static void
bind_translations (void)
{
  bindtextdomain (GETTEXT_PACKAGE, LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
}
