// `cloudless setup-python`: finds or installs the Python that runs training functions, and prints its path.
import { Command } from 'commander'
import type { Run } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { findPython } from '../python-environment.ts'

export function setupPythonCommand(run: Run): Command {
  return new Command('setup-python')
    .description('find or install a Python with torch, and print its path')
    .option('--with-tests', 'also what the Python tests need')
    .action(
      run(async (context, options: { readonly withTests?: true }) => {
        const { output, environment, home, clock, signal } = context
        const found = await findPython({
          environment,
          home,
          withTests: options.withTests === true,
          clock,
          signal,
          note: (text) => output.note(text),
        })
        output.result(found, () => found.python)
        return exitCodes.ok
      }),
    )
}
