// Makes the log of a development cluster that stands still as long as wanted: heartbeats, written by
// the coordinator's own sequencer into its own store, signed by nobody until nodes are shown them.
// For benches: what a node does with a long copy does not depend on what the lines say.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseCoordinatorConfig } from '../coordinator/config.ts'
import { type Handler, recorded } from '../coordinator/proposal.ts'
import { Sequencer } from '../coordinator/sequencer.ts'
import { openPglite } from '../coordinator/store/pglite.ts'
import { RowCache } from '../coordinator/store/row-cache.ts'
import { Tree } from '../coordinator/tree.ts'
import { createFold } from '../policy/audit/fold.ts'
import { parseRoot } from '../policy/documents.ts'

const linesAtOnce = 2_000

/** Until the log has so many lines; returns how many it has. */
export async function growLog(directory: string, lines: number): Promise<number> {
  const place = join(directory, 'coordinator')
  const text = (path: string): string => readFileSync(path, 'utf8')
  const config = parseCoordinatorConfig(text(join(place, 'config.json')), place)
  const root = parseRoot(text(config.documents.root))
  const { origin } = root.log
  const store = await openPglite('dev', join(place, 'data'))
  try {
    const tree = new Tree()
    const grow: Handler = async (sheet) => {
      const count = Math.min(linesAtOnce, lines - sheet.head.size)
      for (let at = 0; at < count; at += 1) {
        await sheet.append({ actor: 'coordinator', type: 'log.heartbeat', body: {} })
      }
      return recorded(sheet)
    }
    const sequencer = new Sequencer({
      ...{ store, origin, tree },
      clock: { now: Date.now, sleep: async () => {} },
      random: (length) => crypto.getRandomValues(new Uint8Array(length)),
      report: () => {},
      cache: new RowCache(),
      fold: createFold({ rootDigest: root.digest, origin }),
      handlers: new Map([['grow', grow]]),
    })
    await sequencer.refresh()
    while (tree.size < lines) {
      const answer = await sequencer.propose({ kind: 'grow', content: {} })
      if (answer.kind !== 'recorded') throw new Error(`${answer.code}: ${answer.because}`)
    }
    return tree.size
  } finally {
    await store.close()
  }
}
