// Writes the vectors of cold logs and ceremonies again: `node test/kit/write-cold-vectors.ts`. Only
// after a change of a format that old ceremonies may not survive: what was good should stay good.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { coldVectors } from './cold-vectors.ts'

const vectors = fileURLToPath(new URL('../vectors/', import.meta.url))
rmSync(`${vectors}logs/cold`, { recursive: true, force: true })
rmSync(`${vectors}ceremony`, { recursive: true, force: true })
for (const [folder, files] of coldVectors()) {
  for (const [name, content] of files) {
    const path = `${vectors}${folder}/${name}`
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
  }
}
