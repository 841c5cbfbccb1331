// vault proof and audit proof: the sentence that a key signed, fetched from the log as a file for
// whoever asked for it, and the check of such a file by anybody, without a network. The first
// believes the coordinator in nothing: the sentence is made here, from the change in its own bytes
// and the key as its lines prove it, and the signature is verified before anything is written.
import { readFileSync, writeFileSync } from 'node:fs'
import { parseEntry } from '../policy/audit/entry.ts'
import { parseChange } from '../policy/change.ts'
import { controlProof } from '../policy/control-proof.ts'
import { openProof, type ProofSaid, proofFile } from '../policy/proof-file.ts'
import { networkOf } from '../policy/rulebook.ts'
import { refuse } from '../proto/refusal.ts'
import { atDesk, type Desk } from './desk.ts'
import { profileOptions } from './profile.ts'
import { keyInForce } from './vault.ts'
import { done, must, required, type Verb, word } from './verb.ts'

export const vaultProof: Verb = {
  about: 'write the control proof of a request for whoever asked for it',
  usage: 'ID --out FILE [--as DIR]',
  words: { min: 1, max: 1 },
  options: { ...profileOptions, out: { type: 'string' } },
  run: (args, world) =>
    atDesk(args, world, ['caller'], async (desk) => {
      const out = required(args, 'out')
      const file = await fetched(word(args, 0), desk)
      const said = openProof(file)
      writeFileSync(out, file, { flag: 'wx' })
      const next = `anybody checks it with: custody audit proof ${out}\n`
      return done(`${textOf(said)}written to ${out}\n${next}`, { ...said, out })
    }),
}

export const auditProof: Verb = {
  about: 'check a control proof: its sentence, its address, its signature',
  usage: 'FILE',
  words: { min: 1, max: 1 },
  options: {},
  run: async (args) => {
    const said = openProof(new Uint8Array(readFileSync(word(args, 0))))
    const note =
      'the key of this address signed exactly this sentence\n' +
      '  whose address it is, and whether the date and the challenge are yours, is for you to compare\n'
    return done(`${textOf(said)}${note}`, { ...said })
  },
}

async function fetched(id: string, { client, ruleset }: Desk): Promise<Uint8Array> {
  const { request } = must(
    await client.SigningService.GetRequest({ id, initiator: '', callerId: '' }),
  )
  const { digest, change } = parseChange(request?.intent ?? new Uint8Array(0))
  if (digest !== id || change.op !== 'key.prove') {
    return refuse('BYTES_FROM', `expected the control proof ${id}, got ${change.op} ${digest}`)
  }
  const fromSeq = request?.seq ?? 0
  const { entries } = must(await client.AuditService.ReadEntries({ fromSeq, countMax: 1 }))
  const line = entries[0] && parseEntry(entries[0])
  if (line?.type !== 'key.proved' || line.body.change !== id) {
    return refuse('LINE_MISSING', `the request is ${request?.state}: nothing was signed yet`)
  }
  const row = await keyInForce(change.vault, { client, ruleset })
  const network = networkOf(ruleset.rulebook, change.vault)
  if (row === undefined || network === undefined) {
    return refuse('VAULT_NOT_FOUND', `vault ${change.vault} has no key`)
  }
  const { text } = controlProof(change, row, network.caip2)
  return proofFile({ sentence: text, signature: line.body.signature })
}

function textOf(said: ProofSaid): string {
  return Object.entries(said)
    .map(([name, value]) => `${name.padEnd(14)}${value}\n`)
    .join('')
}
