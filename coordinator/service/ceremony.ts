// CeremonyService: what goes into the room of a cold ceremony and what comes out. Translate and
// delegate; the certificate of an operator opens the door, and the lines prove themselves.
import { type Digest, parseDigest } from '../../proto/ids.ts'
import type { Handlers } from '../../proto/io/handlers.ts'
import type { ReplyOf } from '../../proto/io/wire.ts'
import { limits } from '../../proto/limits.ts'
import { isRefusal, refuse } from '../../proto/refusal.ts'
import { writeTime } from '../../proto/shape.ts'
import type { CeremonyShown } from '../ceremony/ceremonies.ts'
import type { Coordinator } from '../coordinator.ts'

const partBytes = 32_768

export function ceremonyService(coordinator: Coordinator): Handlers['CeremonyService'] {
  const { ceremonies, anchors } = coordinator
  return {
    ListCeremonies: async () => ({ ceremonies: (await ceremonies.list()).map(wireCeremony) }),
    PrepareCeremony: async ({ plan, main }) => {
      const prepared = await ceremonies.prepare(planOf(plan), main)
      return isRefusal(prepared) ? prepared : { ceremony: wireCeremony(prepared) }
    },
    GetBundle: async function* ({ plan }) {
      for (const [name, content] of await ceremonies.bundleIn(planOf(plan))) {
        for (let at = 0; at === 0 || at < content.length; at += partBytes) {
          const end = at + partBytes
          const partial = end < content.length
          yield { name, content: content.subarray(at, end), partial }
        }
      }
    },
    PutBundlePart: async ({ plan, bundle, name, offset, content }, { id: by }) => {
      const of = { plan: planOf(plan), bundle: parseDigest(bundle, 'bundle'), by }
      return { size: await ceremonies.put(of, { name: nameOf(name), offset, content }) }
    },
    ImportCeremony: async ({ plan, bundle, exceptions }, { id: by }) => {
      if (exceptions.length > limits.recordLinesMax) refuse('TOO_LARGE', 'too many exceptions')
      const confirmed = exceptions.map((one) => parseDigest(one, 'exceptions'))
      const of = { plan: planOf(plan), bundle: parseDigest(bundle, 'bundle'), by }
      const imported = await ceremonies.import(of, confirmed)
      if (isRefusal(imported)) return imported
      const results = imported.results.map((result) => ({ ...result }))
      return { ceremony: wireCeremony(imported.ceremony), results }
    },
    AbortCeremony: async ({ plan, reason, recordSize: size, recordRoot }) => {
      const root = recordRoot === '' ? '' : parseDigest(recordRoot, 'record_root')
      const aborted = await ceremonies.abort(planOf(plan), reason, { size, root })
      return isRefusal(aborted) ? aborted : { ceremony: wireCeremony(aborted) }
    },
    AnchorCold: async ({ checkpoint }) => anchors.take(checkpoint),
  }
}

type WireCeremony = NonNullable<ReplyOf<'CeremonyService', 'PrepareCeremony'>['ceremony']>

function wireCeremony(shown: CeremonyShown): WireCeremony {
  const { plan, change, kind, state, bundle, seq, vaults, requests } = shown
  return {
    ...{ plan, change, kind, state, bundle, seq, mainSize: shown.main?.size ?? 0 },
    from: writeTime(shown.from),
    until: writeTime(shown.until),
    vaults: [...vaults],
    requests: [...requests],
  }
}

function planOf(written: string): Digest {
  return parseDigest(written, 'plan')
}

/** As files of a Bundle are named; whether it is one is for the manifest to say. */
function nameOf(name: string): string {
  if (!/^[a-z0-9][a-z0-9.-]{0,63}$/.test(name)) refuse('BUNDLE', 'expected the name of a file')
  return name
}
