// vault invitations: the one-time keys of all nodes for the import of a key into a vault, as one
// file for the dealer. Every one is checked here against the proved root already, so that whoever
// carries the file to the dealer's machine learns of a wrong one before it gets there; the dealer
// checks again, against the root that it pins itself.
import { writeFileSync } from 'node:fs'
import { readSigned } from '../proto/frames.ts'
import { parseVaultId } from '../proto/ids.ts'
import { invitationsDocument, openInvitations } from '../proto/import-documents.ts'
import { refuse } from '../proto/refusal.ts'
import { atDesk } from './desk.ts'
import { profileOptions } from './profile.ts'
import { done, must, required, type Verb, word } from './verb.ts'

export const vaultInvitations: Verb = {
  about: 'collect the keys to which a dealer seals an imported key',
  usage: 'VAULT --out FILE [--as DIR]',
  words: { min: 1, max: 1 },
  options: { ...profileOptions, out: { type: 'string' } },
  run: (args, world) =>
    atDesk(args, world, ['operator'], async ({ client, ruleset: { root, rulebook } }) => {
      const vault = parseVaultId(word(args, 0))
      const out = required(args, 'out')
      const { VaultService } = client
      const { invitations } = must(await VaultService.GetInvitations({ vault }))
      const given = invitations.map(readSigned)
      const opened = openInvitations(given, root)
      const named = rulebook.vaults.get(vault)?.key
      const strange = opened.find(({ value }) => value.vault !== vault || value.key !== named)
      if (strange !== undefined) {
        refuse('PARTICIPANTS', `${strange.value.node} invites for ${strange.value.vault}`)
      }
      writeFileSync(out, invitationsDocument(given), { flag: 'wx', mode: 0o644 })
      const nodes = opened.map(({ value }) => value.node)
      const text = [
        `${out}: invitations of ${nodes.join(', ')} for ${vault}\n`,
        '  for the dealer, with the root document and its digest by another way:\n',
        `  root ${root.digest}\n`,
      ].join('')
      return done(text, { vault, out, nodes, root: root.digest })
    }),
}
