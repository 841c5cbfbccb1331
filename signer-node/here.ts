// Runs protocols in the thread that asks: what a worker thread does with its jobs, and what tests
// and simulators do with all of them.
// INVARIANT: the one place that says which protocol a job is, so both ways run the same code.
import { scryptOf } from '../proto/seal.ts'
import { acceptImport } from './dkls23/importing.ts'
import type { PendingKey } from './dkls23/keygen.ts'
import { prepareKey } from './dkls23/keygen.ts'
import { agreePairing } from './dkls23/pair-setup.ts'
import type { Protocol, Run } from './dkls23/protocol.ts'
import { prepareRefresh } from './dkls23/refresh.ts'
import { prepareReshare } from './dkls23/reshare.ts'
import { type ImportJob, type KeyJob, type Runner, stepperOf } from './stepper.ts'

export const here: Runner = {
  pair: (run) => stepperOf(agreePairing(run)),
  key: (run, job) => stepperOf(keyProtocol(run, job)),
  scrypt: (job, answer) => answer(scryptOf(job)),
}

export function keyProtocol(run: Run, job: KeyJob): Protocol<PendingKey | undefined> {
  switch (job.purpose) {
    case 'dkg':
      return prepareKey(run, job.terms)
    case 'refresh':
      return prepareRefresh(run, job.old, job.epoch)
    case 'reshare':
      return prepareReshare(run, job.terms, job.own)
    case 'import':
      return prepareImport(run, job)
  }
}

/** Nobody says anything before the confirmation: all of it came with the change. */
// biome-ignore lint/correctness/useYield: a protocol without rounds is one all the same
function* prepareImport(run: Run, { terms, dealing, share }: ImportJob): Protocol<PendingKey> {
  return acceptImport(run, terms, dealing, share)
}
