// What custody-ceremony does: every verb of it, by topic. What they do stands beside their topic.
// INVARIANT: no verb takes a secret as a word and none answers with one; there is no verb that
// exports a secret or signs bytes that somebody brings, and none that overrides a refusal.
import { CommandTable } from '../command-table.ts'
import { hsmCommands } from '../hsm-commands.ts'
import { doctorCommands } from './commands-doctor.ts'
import { rehearseCommands } from './commands-rehearse.ts'
import { roomCommands } from './commands-room.ts'
import { stationCommands } from './commands-tokens.ts'

/** Of a hot node too; what opens the files of a card is a Station's own. */
const asEverywhere = ['hsm show', 'hsm probe', 'hsm init', 'hsm enrol']
const tokens = hsmCommands.filter(({ verb }) => asEverywhere.includes(verb))

export const ceremonyCommands = new CommandTable(
  'custody-ceremony',
  [
    ['this station', doctorCommands],
    ['a sitting', [...roomCommands, ...rehearseCommands]],
    ['tokens of a station', [...tokens, ...stationCommands]],
  ],
  [],
)
