// `cloudless down`: stops the local cluster that `up` started, or what a crash of it left running.
import { Command } from 'commander'
import type { Run } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { readClusterState } from '../local-cluster/state-file.ts'
import { stopRecorded } from '../local-cluster/stop-recorded.ts'
import { localClusterFolder } from '../server-address.ts'

export function downCommand(run: Run): Command {
  return new Command('down').description('stop the local cluster; its jobs and records stay').action(
    run(async ({ home, clock, output }) => {
      const folder = localClusterFolder(home)
      const state = readClusterState(folder)
      const stopped = state === null ? 0 : await stopRecorded(folder, state, clock)
      output.result({ stoppedProcesses: stopped }, () =>
        stopped === 0 ? 'no local cluster is running' : `stopped ${stopped} processes`,
      )
      return exitCodes.ok
    }),
  )
}
