// Fetching the parts of an exported key from the command line: what is written was checked against
// the roots of the trust file first, and whatever a coordinator bends is refused by name.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { consentMessage } from '../../policy/audit/key-confirm.ts'
import { parseRoot } from '../../policy/documents.ts'
import { fromUtf8, plainDigest, toHex, toUtf8 } from '../../proto/crypto.ts'
import { exportPartKind, parseParcel, recipientKeyDocument } from '../../proto/export-documents.ts'
import { writeSigned } from '../../proto/frames.ts'
import { parseDigest, parseHandle, parseNodeId } from '../../proto/ids.ts'
import type { ReplyOf } from '../../proto/io/wire.ts'
import { signBy } from '../../proto/node-documents.ts'
import { nodeKeyThing } from '../../proto/node-keys.ts'
import { isRefusal } from '../../proto/refusal.ts'
import { custody, makeCluster, type Place } from '../kit/cluster.ts'
import { unseal } from '../kit/cluster-vault.ts'
import { type FakeCoordinator, fakeCoordinator } from '../kit/coordinator.ts'
import { freePort } from '../kit/ports.ts'

type Reply = ReplyOf<'VaultService', 'GetExport'>
const exporters = ['node-1', 'node-3'] as const
const [change, keyState] = ['ab', 'cd'].map((byte) => parseDigest(byte.repeat(32))) as [
  ReturnType<typeof parseDigest>,
  ReturnType<typeof parseDigest>,
]
const recipient = '05'.repeat(32)
let place: Place
let house: FakeCoordinator
let given: Reply
let seq: number
beforeAll(async () => {
  place = await makeCluster(await freePort())
  house = await fakeCoordinator(place)
  given = await exported()
})
afterAll(async () => {
  await house.close()
  place.remove()
})
beforeEach(() => house.beHonest())

const root = () => parseRoot(readFileSync(place.path('shared/root.json'), 'utf8'))

function signerOf(node: string) {
  const { org, env } = root()
  const thing = nodeKeyThing({ org, env, owner: parseHandle(node) }, 'identity')
  return unseal(place, `nodes/${node}`, 'identity', thing)
}

/** The line, and a part of each exporter as far as a stranger can see one. */
async function exported(vault = 'hot'): Promise<Reply> {
  const confirms = exporters.map((node) => {
    return { node, signature: toHex(signerOf(node)(consentMessage(change, node))) }
  })
  const key = { epoch: 1, keyState, recipient, vault }
  const body = { change, order: keyState, ...key, confirms }
  const line = house.add({ type: 'key.exported', body })
  seq = line.seq
  const parts = exporters.map((node) => partOf(node, line.seq, vault))
  return { line: line.bytes, ...(await proofOf(line.seq)), parts }
}

async function proofOf(of: number) {
  const { checkpoint } = await unrefused(house.honest.AuditService.GetCheckpoint)
  const asked = { seq: of, oldSize: 0, size: house.entries.length }
  const { proof } = await unrefused(house.honest.AuditService.GetProof, asked)
  return { checkpoint, proof }
}

async function unrefused<A, R>(call: (asked: A, caller: never) => R, asked = {} as A) {
  const reply = await call(asked, undefined as never)
  if (isRefusal(reply)) throw new Error('refused')
  return reply as Exclude<Awaited<R>, { readonly kind: 'refused' }>
}

function partOf(name: string, at: number, vault: string) {
  const { org, env, nodes } = root()
  const [node, sealed] = [parseNodeId(name), toUtf8(`sealed by ${name}`)]
  const said = {
    ...{ format: 'custody-export-part/v1', org, env, node, vault, key: 'k-hot', epoch: 1 },
    x: nodes.find((one) => one.node === node)!.x,
    ...{ keyState, change, seq: at, recipient, exporters: [...exporters], facts: '' },
    pairings: { [name === 'node-1' ? 'node-3' : 'node-1']: change },
    sealed: plainDigest(sealed),
  }
  return {
    statement: writeSigned(signBy(exportPartKind, said, { node, sign: signerOf(name) })),
    sealed,
  }
}

const fetching = (out: string, vault = 'hot') =>
  custody(place, 'operator', ['vault', 'export-parts', vault, '--out', place.path(out)])
const answering = (reply: Partial<Reply>) => {
  house.lies.VaultService = { GetExport: async () => ({ ...given, ...reply }) as never }
}

describe('vault export-parts', () => {
  it('writes one file for the recipient, with everything that proves the line, and over nothing', async () => {
    answering({})
    const answer = await fetching('parcel')
    expect(answer.exit, answer.stderr).toBe(0)
    expect(answer.json).toMatchObject({ vault: 'hot', recipient, line: seq, nodes: [...exporters] })
    const parcel = parseParcel(readFileSync(place.path('parcel')))
    expect(parcel.line).toBe(fromUtf8(given.line))
    expect(parcel.parts.map(({ sealed }) => sealed)).toEqual([
      'sealed by node-1',
      'sealed by node-3',
    ])
    expect(parseRoot(parcel.root).digest).toBe(root().digest)
    expect((await fetching('parcel')).exit).toBe(2)
  })

  it('writes nothing that a coordinator bent, withheld or could not prove', async () => {
    const code = async (reply: Partial<Reply>, vault = 'hot') => {
      answering(reply)
      const answer = await fetching('bent', vault)
      expect(existsSync(place.path('bent'))).toBe(false)
      return answer.json.refused?.code
    }
    const [one, two] = given.parts as [Reply['parts'][0], Reply['parts'][0]]
    expect(await code({ parts: [one] })).toBe('NOT_ENOUGH_SIGNERS')
    expect(await code({ parts: [one, { ...two, sealed: toUtf8('other') }] })).toBe('EVIDENCE')
    expect(await code({ parts: [one, { ...two, statement: one.statement }] })).toBe('EVIDENCE')
    expect(await code({ proof: given.proof.slice(1) })).toBe('LINE_MISSING')
    house.cosigners = 1
    expect(await code(await proofOf(seq))).toBe('NOT_ENOUGH_WITNESSES')
    house.cosigners = 2
    expect(await code({}, 'warm')).toBe('BYTES_FROM')
    house.beHonest()
    expect((await fetching('bent')).json.refused.code).toBe('LINE_MISSING')
  })
})

describe('vault export', () => {
  const asking = ['vault', 'export', 'hot', '--purpose', 'sold']

  it('takes the recipient from the document that it made, of this house only', async () => {
    const { org, env } = root()
    const document = { org, env, id: 'rita', seal: recipient }
    const [own, other] = [place.path('rita.json'), place.path('other.json')]
    writeFileSync(own, recipientKeyDocument(document))
    writeFileSync(other, recipientKeyDocument({ ...document, org: 'others' }))
    const { json } = await custody(place, 'people/ana', [...asking, '--recipient', own])
    const sent = house.requests.get(json.id)!.signed.document
    expect(JSON.parse(sent).terms.recipient).toBe(recipient)
    const refused = await custody(place, 'people/ana', [...asking, '--recipient', other])
    expect(refused.json.refused).toMatchObject({ code: 'CONFIG' })
  })
})
