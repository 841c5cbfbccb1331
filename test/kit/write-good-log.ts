// Writes test/vectors/logs/good again: `node test/kit/write-good-log.ts`. Only after a change of a
// format that old logs may not survive; a log that once verified should verify for ever.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { writeExport } from '../../policy/audit/export.ts'
import { goodStory, trust } from './audit-story.ts'

const folder = fileURLToPath(new URL('../vectors/logs/good/', import.meta.url))
rmSync(folder, { recursive: true, force: true })
for (const [name, content] of writeExport(goodStory().export())) {
  mkdirSync(dirname(`${folder}${name}`), { recursive: true })
  writeFileSync(`${folder}${name}`, content)
}
// Beside the Export, never in it: a trust file comes another way.
writeFileSync(`${folder.slice(0, -1)}.trust`, trust)
