/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* C functions across processes. A pointer means nothing in another process, where everything lies elsewhere in
 * memory; a reference says where the function is inside of its *object*: the program, or a shared library. Thus
 * static functions need neither a name nor registration.
 *
 *   this process                                                                 a worker
 *   pointer ── in which object? ──▶ "3f2ac0…+1a2b library /usr/lib/libfoo.so.1" ── which object? ──▶ pointer
 *                                    identity offset kind  path
 *
 * The identity tells that both processes have the same build of the object; with another, the offset would lead
 * into the middle of some other function. It is the build-id that the linker wrote into the object. A function of
 * an object without one cannot be referred to.
 *
 * The offset is from the load base, which is 0 in a program that is not position-independent. In such a program
 * the address of a library's function can be that of a stub in the program: it then counts as the program's. A
 * pointer to an indirect function (ifunc) is one to such a stub, or to the implementation that was chosen here.
 * Paths are escaped as in URIs, except for spaces and UTF-8, so that a reference is always UTF-8.
 *
 * The state is the tables in `known`. What was found is remembered for as long as the process lives, so the
 * objects that it is in stay loaded. Any thread may call in. The mutex is taken inside of the loader's lock, as
 * dl_iterate_phdr() holds that when it calls back; hence the loader is never called with the mutex held. */

#include "config.h"

#include "transport/cf-function-reference-private.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <glib/gi18n-lib.h>
#include <link.h>

#include "cf-error.h"
#include "base/cf-mutex-private.h"

#define PROGRAM_PATH "/proc/self/exe"
#define DELETED      " (deleted)"
#define KIND_PROGRAM "program"
#define KIND_LIBRARY "library"

typedef struct dl_phdr_info Object;
typedef ElfW (Phdr) Segment;
typedef ElfW (Nhdr) Note;

/* What cf_function_reference_of() gives out; it is never freed. */
typedef struct
{
  char *text;
  gboolean in_program;
} Reference;

static struct
{
  CfMutex     mutex;
  GHashTable *references;     /* function → Reference */
  GHashTable *functions;      /* text of a reference → function */
} known;

/* A text that was taken to pieces. */
typedef struct
{
  char     *identity;
  gsize     offset;
  gboolean  in_program;
  char     *path;
} Place;

static void
place_clear (Place *self)
{
  g_free (self->identity);
  g_free (self->path);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Place, place_clear)

/* What an object's segments say */

/* Lets offsets below @start wrap around, which makes them too large. */
static gboolean
is_within (gsize offset,
           gsize start,
           gsize length)
{
  return offset - start < length;
}

static gboolean
has_code_at (const Object *object,
             gsize         offset)
{
  for (guint i = 0; i < object->dlpi_phnum; i++)
    {
      const Segment *segment = &object->dlpi_phdr[i];

      if (segment->p_type == PT_LOAD && (segment->p_flags & PF_X) != 0
          && is_within (offset, segment->p_vaddr, segment->p_memsz))
        return TRUE;
    }

  return FALSE;
}

static gboolean
is_loaded (const Object  *object,
           const Segment *part)
{
  for (guint i = 0; i < object->dlpi_phnum; i++)
    {
      const Segment *segment = &object->dlpi_phdr[i];

      if (segment->p_type == PT_LOAD && (segment->p_flags & PF_R) != 0
          && is_within (part->p_vaddr, segment->p_vaddr, segment->p_filesz)
          && part->p_filesz <= segment->p_filesz - (part->p_vaddr - segment->p_vaddr))
        return TRUE;
    }

  return FALSE;
}

/* The identity of an object: its build-id. */

static char *
hexadecimal (const guint8 *bytes,
             gsize         length)
{
  GString *text = g_string_sized_new (2 * length);

  for (gsize i = 0; i < length; i++)
    g_string_append_printf (text, "%02x", bytes[i]);

  return g_string_free (text, FALSE);
}

static guint64
align (guint64 size,
       guint64 alignment)
{
  return (size + alignment - 1) / alignment * alignment;
}

static char *
find_build_id (const guint8 *notes,
               guint64       length,
               guint64       alignment)
{
  Note note;

  while (length >= sizeof note)
    {
      guint64 description, next;

      memcpy (&note, notes, sizeof note);
      description = align (sizeof note + (guint64) note.n_namesz, alignment);
      next = align (description + note.n_descsz, alignment);
      if (description + note.n_descsz > length)
        return NULL;

      if (note.n_type == NT_GNU_BUILD_ID && note.n_descsz > 0
          && note.n_namesz == sizeof ELF_NOTE_GNU
          && memcmp (notes + sizeof note, ELF_NOTE_GNU, sizeof ELF_NOTE_GNU) == 0)
        return hexadecimal (notes + description, note.n_descsz);

      if (next >= length)
        return NULL;
      notes += next;
      length -= next;
    }

  return NULL;
}

static char *
dup_build_id (const Object *object)
{
  char *build_id = NULL;

  for (guint i = 0; i < object->dlpi_phnum && build_id == NULL; i++)
    {
      const Segment *segment = &object->dlpi_phdr[i];

      if (segment->p_type == PT_NOTE && is_loaded (object, segment))
        build_id = find_build_id ((const guint8 *) (object->dlpi_addr + segment->p_vaddr), segment->p_filesz,
                                  segment->p_align == 8 ? 8 : 4);
    }

  return build_id;
}

/* Paths */

static char *
dup_absolute_path (const char *path)
{
  g_autofree char *folder = NULL;

  if (g_path_is_absolute (path))
    return g_strdup (path);

  folder = g_get_current_dir ();
  return g_build_filename (folder, path, NULL);
}

static char *
dup_program_path (void)
{
  char *path = g_file_read_link (PROGRAM_PATH, NULL);

  if (path == NULL)
    return dup_absolute_path (program_invocation_name);

  if (g_str_has_suffix (path, DELETED) && !g_file_test (path, G_FILE_TEST_EXISTS))
    path[strlen (path) - strlen (DELETED)] = '\0';
  return path;
}

/* The kernel's vDSO is in the loader's list too, but has no path. */
static gboolean
is_path (const char *name)
{
  return strchr (name, '/') != NULL;
}

/* A library that was found among those that are loaded must no longer be unloaded: another one could then be
 * loaded in its place. */
static void
keep_loaded (const char *name)
{
  void *handle = dlopen (name, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);

  if (handle != NULL)
    dlclose (handle);
}

/* From a function to its reference */

typedef struct
{
  gsize     address;
  guint     n_seen;
  char     *identity;     /* NULL if the object has none */
  char     *name;         /* of the object, as the loader knows it; remains NULL if none has the address */
  gsize     offset;
  gboolean  in_program;
} AddressSearch;

static void
address_search_clear (AddressSearch *self)
{
  g_free (self->identity);
  g_free (self->name);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (AddressSearch, address_search_clear)

/* The program is always the first. */
static int
look_for_address (Object *object,
                  size_t  size,
                  void   *data)
{
  AddressSearch *search = data;
  gboolean is_program = search->n_seen++ == 0;

  if (!has_code_at (object, search->address - object->dlpi_addr)
      || (!is_program && !is_path (object->dlpi_name)))
    return 0;

  search->identity = dup_build_id (object);
  search->name = g_strdup (object->dlpi_name);
  search->offset = search->address - object->dlpi_addr;
  search->in_program = is_program;
  return 1;
}

static char *
dup_object_path (const AddressSearch *found)
{
  return found->in_program ? dup_program_path () : dup_absolute_path (found->name);
}

static char *
write_reference (const AddressSearch *found)
{
  g_autofree char *path = dup_object_path (found);
  g_autofree char *escaped = g_uri_escape_string (path, G_URI_RESERVED_CHARS_ALLOWED_IN_PATH " ", TRUE);

  return g_strdup_printf ("%s+%" G_GSIZE_MODIFIER "x %s %s", found->identity, found->offset,
                          found->in_program ? KIND_PROGRAM : KIND_LIBRARY, escaped);
}

static const Reference *
lookup_reference (gsize address)
{
  const Reference *reference = NULL;

  cf_mutex_lock (&known.mutex);
  if (known.references != NULL)
    reference = g_hash_table_lookup (known.references, GSIZE_TO_POINTER (address));
  cf_mutex_unlock (&known.mutex);

  return reference;
}

/* Another thread may have been faster: what was given out once stays. */
static const Reference *
remember_reference (const AddressSearch *found)
{
  g_autofree char *text = write_reference (found);
  Reference *reference;

  cf_mutex_lock (&known.mutex);
  if (known.references == NULL)
    known.references = g_hash_table_new (NULL, NULL);
  reference = g_hash_table_lookup (known.references, GSIZE_TO_POINTER (found->address));
  if (reference == NULL)
    {
      reference = g_new (Reference, 1);
      reference->text = g_steal_pointer (&text);
      reference->in_program = found->in_program;
      g_hash_table_insert (known.references, GSIZE_TO_POINTER (found->address), reference);
    }
  cf_mutex_unlock (&known.mutex);

  return reference;
}

static const Reference *
fail_not_in_an_object (GError **error)
{
  g_set_error_literal (error, CF_ERROR, CF_ERROR_NOT_PORTABLE,
                       _("Another process cannot find the function: it is neither in the program nor in a library. A "
                         "function that a language binding made at run time cannot be sent"));
  return NULL;
}

static const Reference *
fail_without_build_id (const AddressSearch  *found,
                       GError              **error)
{
  g_autofree char *path = dup_object_path (found);
  g_autofree char *display_name = g_filename_display_name (path);

  g_set_error (error, CF_ERROR, CF_ERROR_NOT_PORTABLE,
               _("Another process cannot find the function: %s was built without a build-id. Link it with "
                 "-Wl,--build-id"), display_name);
  return NULL;
}

static const Reference *
find_reference (gsize    address,
                GError **error)
{
  g_auto(AddressSearch) search = { .address = address };

  dl_iterate_phdr (look_for_address, &search);
  if (search.name == NULL)
    return fail_not_in_an_object (error);
  if (search.identity == NULL)
    return fail_without_build_id (&search, error);

  if (!search.in_program)
    keep_loaded (search.name);
  return remember_reference (&search);
}

/* From a reference to its function */

typedef struct
{
  const Place *place;
  gboolean     found;
  CfFunc       function;     /* NULL if the object has no code there */
  char        *name;
} PlaceSearch;

static int
look_for_place (Object *object,
                size_t  size,
                void   *data)
{
  PlaceSearch *search = data;
  g_autofree char *build_id = dup_build_id (object);

  if (g_strcmp0 (build_id, search->place->identity) != 0)
    return 0;

  search->found = TRUE;
  search->name = g_strdup (object->dlpi_name);
  if (has_code_at (object, search->place->offset))
    search->function = (CfFunc) (object->dlpi_addr + search->place->offset);
  return 1;
}

/* Whatever its path is here: in a sandbox it may be another. */
static gboolean
find_loaded (const Place *place,
             CfFunc      *function)
{
  PlaceSearch search = { .place = place };
  g_autofree char *name = NULL;

  dl_iterate_phdr (look_for_place, &search);
  name = search.name;
  if (search.function != NULL && is_path (name))
    keep_loaded (name);

  *function = search.function;
  return search.found;
}

static gboolean
fail_replaced (const char  *path,
               GError     **error)
{
  g_autofree char *display_name = g_filename_display_name (path);

  g_set_error (error, CF_ERROR, CF_ERROR_NO_SUCH_FUNCTION,
               _("The worker's copy of %s is not the one that this program was started with: it was rebuilt or "
                 "replaced. Restart the program."), display_name);
  return FALSE;
}

static gboolean
fail_not_this_program (const char  *path,
                       GError     **error)
{
  g_autofree char *own_path = dup_program_path ();
  g_autofree char *display_name = g_filename_display_name (path);
  g_autofree char *own_display_name = g_filename_display_name (own_path);

  if (g_str_equal (path, own_path))
    return fail_replaced (path, error);

  g_set_error (error, CF_ERROR, CF_ERROR_NO_SUCH_FUNCTION,
               _("The function is in the program %s, but the worker is %s"), display_name, own_display_name);
  return FALSE;
}

static gboolean
open_library (const Place  *place,
              CfFunc       *function,
              GError      **error)
{
  void *handle = dlopen (place->path, RTLD_NOW | RTLD_LOCAL);

  if (handle == NULL)
    {
      g_autofree char *message = g_utf8_make_valid (dlerror (), -1);

      g_set_error (error, CF_ERROR, CF_ERROR_NO_SUCH_FUNCTION,
                   _("The worker could not open the library of the function: %s"), message);
      return FALSE;
    }

  if (!find_loaded (place, function))
    {
      dlclose (handle);
      return fail_replaced (place->path, error);
    }

  /* The handle is never closed, which keeps the library. */
  return TRUE;
}

static gboolean
find_place (const Place  *place,
            CfFunc       *function,
            GError      **error)
{
  if (find_loaded (place, function))
    return TRUE;

  return place->in_program ? fail_not_this_program (place->path, error) : open_library (place, function, error);
}

static gboolean
read_kind (const char *kind,
           gboolean   *in_program)
{
  *in_program = g_str_equal (kind, KIND_PROGRAM);
  return *in_program || g_str_equal (kind, KIND_LIBRARY);
}

/* A relative path would make dlopen() search for it. */
static gboolean
read_path (const char  *escaped,
           char       **path)
{
  *path = g_uri_unescape_string (escaped, NULL);
  return *path != NULL && g_path_is_absolute (*path);
}

static gboolean
read_offset (const char *hexadecimal_offset,
             gsize      *offset)
{
  guint64 number;

  if (!g_ascii_string_to_unsigned (hexadecimal_offset, 16, 0, G_MAXSIZE, &number, NULL))
    return FALSE;

  *offset = number;
  return TRUE;
}

static gboolean
read_reference (const char *reference,
                Place      *place)
{
  g_auto(GStrv) words = g_strsplit (reference, " ", 3);
  char *plus;

  if (g_strv_length (words) != 3 || (plus = strchr (words[0], '+')) == NULL || plus == words[0])
    return FALSE;

  place->identity = g_strndup (words[0], plus - words[0]);
  return read_offset (plus + 1, &place->offset)
         && read_kind (words[1], &place->in_program)
         && read_path (words[2], &place->path);
}

static CfFunc
lookup_function (const char *reference)
{
  gpointer function = NULL;

  cf_mutex_lock (&known.mutex);
  if (known.functions != NULL)
    function = g_hash_table_lookup (known.functions, reference);
  cf_mutex_unlock (&known.mutex);

  return (CfFunc) GPOINTER_TO_SIZE (function);
}

static void
remember_function (const char *reference,
                   CfFunc      function)
{
  cf_mutex_lock (&known.mutex);
  if (known.functions == NULL)
    known.functions = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_hash_table_replace (known.functions, g_strdup (reference), GSIZE_TO_POINTER ((gsize) function));
  cf_mutex_unlock (&known.mutex);
}

static CfFunc
fail_no_function (const char  *reference,
                  GError     **error)
{
  g_autofree char *valid = g_utf8_make_valid (reference, -1);

  g_set_error (error, CF_ERROR, CF_ERROR_NO_SUCH_FUNCTION, _("“%s” does not refer to a function"), valid);
  return NULL;
}

/**
 * cf_function_reference_of:
 * @func: a function
 * @in_program: (out) (optional): whether it is the program's own, so that only the program itself can be the
 *   worker
 * @error: return location
 *
 * Returns: (transfer none): the reference, which lives as long as the process and is the same each time, or
 *   %NULL with @error set to `CF_ERROR_NOT_PORTABLE`
 */
const char *
cf_function_reference_of (CfFunc     func,
                          gboolean  *in_program,
                          GError   **error)
{
  const Reference *reference = lookup_reference ((gsize) func);

  if (reference == NULL)
    reference = find_reference ((gsize) func, error);
  if (reference == NULL)
    return NULL;

  if (in_program != NULL)
    *in_program = reference->in_program;
  return reference->text;
}

/**
 * cf_function_reference_resolve:
 * @reference: what cf_function_reference_of() returned in another process
 * @error: return location
 *
 * Opens the function's library if need be.
 *
 * Returns: the function, or %NULL with @error set to `CF_ERROR_NO_SUCH_FUNCTION`
 */
CfFunc
cf_function_reference_resolve (const char  *reference,
                               GError     **error)
{
  CfFunc function = lookup_function (reference);
  g_auto(Place) place = { NULL };

  if (function != NULL)
    return function;

  if (!read_reference (reference, &place))
    return fail_no_function (reference, error);

  if (!find_place (&place, &function, error))
    return NULL;
  if (function == NULL)
    return fail_no_function (reference, error);

  remember_function (reference, function);
  return function;
}
