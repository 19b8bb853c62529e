/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The version of the library that a program runs with, which may be a later one than it was compiled with. */

#include "config.h"

#include "cf-version.h"

/**
 * cf_get_major_version:
 *
 * Returns the major version of the library that the program runs with, 1 in 1.2.3. That of the headers it was
 * compiled with is [const@Cf.MAJOR_VERSION].
 *
 * Returns: the major version
 *
 * Since: 1.0
 */
guint
cf_get_major_version (void)
{
  return CF_MAJOR_VERSION;
}

/**
 * cf_get_minor_version:
 *
 * Returns the minor version of the library that the program runs with, 2 in 1.2.3. That of the headers it was
 * compiled with is [const@Cf.MINOR_VERSION].
 *
 * Returns: the minor version
 *
 * Since: 1.0
 */
guint
cf_get_minor_version (void)
{
  return CF_MINOR_VERSION;
}

/**
 * cf_get_micro_version:
 *
 * Returns the micro version of the library that the program runs with, 3 in 1.2.3. That of the headers it was
 * compiled with is [const@Cf.MICRO_VERSION].
 *
 * Returns: the micro version
 *
 * Since: 1.0
 */
guint
cf_get_micro_version (void)
{
  return CF_MICRO_VERSION;
}

/**
 * cf_check_version:
 * @required_major: the major version that is needed, 1 in 1.2.3
 * @required_minor: the minor version that is needed, 2 in 1.2.3
 * @required_micro: the micro version that is needed, 3 in 1.2.3
 *
 * Checks that the library that the program runs with can take the place of the given version: that it has the same
 * major version, and is not older.
 *
 * ```c
 * const char *mismatch = cf_check_version (CF_MAJOR_VERSION, CF_MINOR_VERSION, CF_MICRO_VERSION);
 *
 * if (mismatch != NULL)
 *   g_error ("%s", mismatch);
 * ```
 *
 * Returns: (transfer none) (nullable): %NULL if it can; otherwise a message for developers that says why not
 *
 * Since: 1.0
 */
const char *
cf_check_version (guint required_major,
                  guint required_minor,
                  guint required_micro)
{
  if (required_major > CF_MAJOR_VERSION)
    return "CFutures is too old: its major version is too small";
  if (required_major < CF_MAJOR_VERSION)
    return "CFutures is too new: its major version is too large";
  if (required_minor > CF_MINOR_VERSION ||
      (required_minor == CF_MINOR_VERSION && required_micro > CF_MICRO_VERSION))
    return "CFutures is too old";

  return NULL;
}
