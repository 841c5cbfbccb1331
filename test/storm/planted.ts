// Bugs planted on purpose, to see the checkers fire: each changes one method of the product for as long
// as a storm lasts, and puts it back. No product file knows of them.

import { Jobs } from '../../coordinator/jobs.ts'
import { AsyncOverlay, Overlay, type Query } from '../../policy/audit/rows.ts'
import { toUtf8 } from '../../proto/crypto.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { SessionRandomness } from '../../signer-node/dkls23/randomness.ts'
import { Heads } from '../../signer-node/heads.ts'
import { HistoryRows } from '../../signer-node/history-rows.ts'
import { Journal } from '../../signer-node/journal.ts'

export interface Planted {
  readonly bug: string
  /** Beginning of the rule that must be found broken. */
  readonly breaks: string
  /** The answer puts everything back. */
  readonly plant: () => () => void
}

const seenByAll = { q: 2, seen: 99, isCovered: true }

export const planted: readonly Planted[] = [
  {
    bug: 'a node that releases without waiting for witnesses',
    breaks: 'a share leaves only when q witnesses',
    plant: () => replace(Heads.prototype, 'coverage', () => () => seenByAll),
  },
  {
    bug: 'a node that releases without a journal row',
    breaks: 'a share is in the journal',
    plant: () =>
      replace(
        Journal.prototype,
        'append',
        () =>
          function (this: Journal, receipt) {
            const { counter, digest } = this.head()
            return { counter: counter + 1, digest: digest as never, receipt }
          },
      ),
  },
  {
    bug: 'nodes whose nonces do not depend on the session',
    breaks: 'no nonce point serves two sessions',
    plant: () =>
      replace(
        SessionRandomness.prototype,
        'scalar',
        (real) =>
          function (this: SessionRandomness, label, ...indices) {
            if (label !== 'r') return real.call(this, label, ...indices)
            real.call(this, label, ...indices)
            const wide = new Uint8Array(64)
            wide.set(toUtf8('the same nonce again and again'))
            return nativeCurve().scalars.fromWide(wide)
          },
      ),
  },
  {
    bug: 'a fold that forgets which nonces of the address are taken',
    breaks: 'an intent has one nonce',
    plant: () => {
      const isHidden = ({ table }: Query): boolean => /slot/.test(table)
      const undo = [
        replace(
          Overlay.prototype,
          'answer',
          (real) =>
            function (this: Overlay, query) {
              return isHidden(query) ? [] : real.call(this, query)
            },
        ),
        replace(
          HistoryRows.prototype,
          'answer',
          (real) =>
            function (this: HistoryRows, query) {
              return isHidden(query) ? [] : real.call(this, query)
            },
        ),
        replace(
          AsyncOverlay.prototype,
          'answer',
          (real) =>
            async function (this: AsyncOverlay, query) {
              return isHidden(query) ? [] : real.call(this, query)
            },
        ),
      ]
      return () => {
        for (const one of undo) one()
      }
    },
  },
  {
    bug: 'a coordinator that forgets what it accepted',
    breaks: 'request',
    plant: () => {
      const undo = [
        replace(Jobs.prototype, 'tick', () => async () => {}),
        replace(Jobs.prototype, 'wake', () => () => {}),
      ]
      return () => {
        for (const one of undo) one()
      }
    },
  },
]

/** Another body for one method; the answer puts the old one back. */
function replace<T extends object, K extends keyof T>(
  prototype: T,
  name: K,
  made: (real: T[K]) => T[K],
): () => void {
  const real = prototype[name]
  prototype[name] = made(real)
  return () => {
    prototype[name] = real
  }
}
