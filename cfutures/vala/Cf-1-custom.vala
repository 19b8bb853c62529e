/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What Vala has in place of, or besides, what the GIR describes. The functions of <cfutures/vala/cf-vala.h> are in the
 * library, for Vala alone: valac writes no declaration of what a vapi has, so it is given that header to include. */

namespace Cf {
	/* Anything that Vala makes a value of can be returned, and null for nothing. */
	[CCode (cheader_filename = "cfutures/vala/cf-vala.h", cname = "CfValaLocalFunc", instance_pos = 1.9)]
	[Version (since = "1.0")]
	public delegate GLib.Value? LocalFunc (Cf.Future future) throws GLib.Error;

	/* Throws if the thread cannot be used. */
	[CCode (cheader_filename = "cfutures/vala/cf-vala.h", cname = "CfValaThreadInitializer", instance_pos = 0.9)]
	[Version (since = "1.0")]
	public delegate void ThreadInitializer () throws GLib.Error;

	public sealed class CompletionIterator : GLib.Object {
		[CCode (cname = "g_object_ref")]
		public Cf.CompletionIterator iterator ();
		[CCode (cheader_filename = "cfutures/vala/cf-vala.h", cname = "cf_vala_completion_iterator_next_value")]
		public Cf.Future? next_value () throws GLib.Error;
	}

	public abstract class Executor : GLib.Object {
		public async GLib.Value submit_async (Cf.Task task, GLib.Cancellable? cancellable = null) throws GLib.Error;
		[CCode (cheader_filename = "cfutures/vala/cf-vala.h", cname = "cf_vala_executor_submit_local")]
		public Cf.Future submit_local (owned Cf.LocalFunc func);
	}

	public sealed class Future : GLib.Object {
		[CCode (has_construct_function = false)]
		public Future.for_boxed (GLib.Type boxed_type, void* result);
		[CCode (has_construct_function = false)]
		public Future.for_pointer (void* result);
		public void* await_pointer () throws GLib.Error;
		public bool set_boxed (GLib.Type boxed_type, void* result) throws GLib.Error;
		public bool set_pointer (void* result) throws GLib.Error;
		public GLib.Value await_value () throws GLib.Error;
		[CCode (cheader_filename = "cfutures/vala/cf-vala.h", cname = "cf_vala_future_result")]
		public T result<T> (int64 timeout_usec = -1, GLib.Cancellable? cancellable = null) throws GLib.Error;
		[CCode (cheader_filename = "cfutures/vala/cf-vala.h", cname = "cf_vala_future_result_async",
		        finish_name = "cf_vala_future_result_finish")]
		public async T result_async<T> (int64 timeout_usec = -1, GLib.Cancellable? cancellable = null) throws GLib.Error;
	}

	public sealed class MapIterator : GLib.Object {
		[CCode (cheader_filename = "cfutures/vala/cf-vala.h", cname = "cf_vala_map_cursor_new")]
		public Cf.MapCursor iterator ();
	}

	/* Where a foreach over the results of a map stands. */
	[CCode (cheader_filename = "cfutures/vala/cf-vala.h", cname = "CfValaMapCursor", free_function = "cf_vala_map_cursor_free")]
	[Compact]
	[Version (since = "1.0")]
	public class MapCursor {
		[CCode (cname = "cf_vala_map_cursor_next")]
		public bool next () throws GLib.Error;
		[CCode (cname = "cf_vala_map_cursor_dup_current")]
		public GLib.Variant? get ();
	}

	public sealed class Task : GLib.Object {
		[CCode (cheader_filename = "cfutures/vala/cf-vala.h", cname = "cf_vala_task_new_local", has_construct_function = false)]
		public Task.local (owned Cf.LocalFunc func);
	}

	public sealed class ThreadPoolExecutor : Cf.Executor {
		[CCode (cheader_filename = "cfutures/vala/cf-vala.h", cname = "cf_vala_thread_pool_executor_new",
		        has_construct_function = false, type = "CfExecutor*")]
		public ThreadPoolExecutor (uint max_workers = 0, string? thread_name_prefix = null);
		[CCode (cheader_filename = "cfutures/vala/cf-vala.h", cname = "cf_vala_thread_pool_executor_set_initializer")]
		public void set_initializer (owned Cf.ThreadInitializer? initializer);
	}
}
