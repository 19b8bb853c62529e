/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The error domain, and the translation of the messages: every message that users see is an error's. */

#include "config.h"

#include "base/cf-error-private.h"

#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <libintl.h>
#include <stdatomic.h>
#include <string.h>

/* An error's domain becomes a quark, and these are never freed. */
#define MAX_DOMAIN_LENGTH 255

/**
 * cf_error_quark:
 *
 * Returns the domain of the errors that CFutures itself raises, which C calls `CF_ERROR`.
 *
 * Returns: the domain
 *
 * Since: 1.0
 */
GQuark
cf_error_quark (void)
{
  /* As G_DEFINE_QUARK() makes it, but with an atomic variable: any thread may come first. */
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
 * cf_error_is_cancelled:
 * @error: (nullable): why a call or a wait failed, or %NULL if it did not
 *
 * Returns whether an error says that somebody has cancelled the call or the wait, which is nothing to tell the user.
 *
 * Such an error is `G_IO_ERROR_CANCELLED`, whatever language it comes from: what Python raises as `CancelledError`, and
 * JavaScript throws as an `AbortError`, fails a call with it, too.
 *
 * ```c
 * if (!cf_future_await_value (future, &value, &error) && !cf_error_is_cancelled (error))
 *   show_error (window, error->message);
 * ```
 *
 * Returns: whether @error stands for a cancelled call; %FALSE for %NULL
 *
 * Since: 1.0
 */
gboolean
cf_error_is_cancelled (const GError *error)
{
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
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
 * cf_error_new_forked:
 *
 * Returns: (transfer full): what fails in a forked child that uses an executor of its parent, or waits for a call of it
 */
GError *
cf_error_new_forked (void)
{
  return g_error_new_literal (CF_ERROR, CF_ERROR_BROKEN_EXECUTOR,
                              _("The executor belongs to the process that this one was forked from, as its threads "
                                "and calls do. Create another one after fork()"));
}

/**
 * cf_error_to_variant:
 * @error: an error
 *
 * Returns: (transfer floating): the error as a value of %CF_SERIALIZED_ERROR_TYPE, for another process
 */
GVariant *
cf_error_to_variant (const GError *error)
{
  return g_variant_new ("(si^ay)", g_quark_to_string (error->domain), error->code, error->message);
}

/**
 * cf_error_from_variant:
 * @variant: a value of %CF_SERIALIZED_ERROR_TYPE
 *
 * Returns: (transfer full): the error, or a `CF_ERROR_PROTOCOL` if it is invalid
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
    return g_error_new_literal (CF_ERROR, CF_ERROR_PROTOCOL, _("The call failed, and its error could not be read"));

  message = g_variant_dup_bytestring (message_value, NULL);
  return g_error_new_literal (g_quark_from_string (domain), code, message);
}

__attribute__ ((constructor)) static void
bind_translations (void)
{
  bindtextdomain (GETTEXT_PACKAGE, LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
}
