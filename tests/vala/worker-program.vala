/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A worker of another kind: it repeats the text that it is given, as often as it was told on its command line. */

int main (string[] args)
{
  var n_times = int.parse (args[1]);

  try
    {
      var worker = new Cf.Worker (args[args.length - 1]);

      worker.run ((worker, future) => {
        try
          {
            if (future.dup_function () == "text:repeat")
              future.set_variant (string.nfill (n_times, ' ').replace (" ", future.dup_arguments ().get_string ()));
            else
              future.set_error (new IOError.NOT_SUPPORTED ("%s is unknown", future.dup_function ()));
          }
        catch (Error error)
          {
            assert_not_reached ();
          }
      });
      return 0;
    }
  catch (Error error)
    {
      printerr ("%s\n", error.message);
      return 1;
    }
}
