/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "cf-error.h"

G_BEGIN_DECLS

/* The type of a value that an error becomes for another process: domain, code, message. */
#define CF_SERIALIZED_ERROR_TYPE "(siay)"

GError   *cf_error_new_shut_down (void);
GError   *cf_error_new_forked    (void);
GVariant *cf_error_to_variant    (const GError *error);
GError   *cf_error_from_variant  (GVariant     *variant);

G_END_DECLS
