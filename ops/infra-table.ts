import { writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { accessDocument } from './access/document.ts';

const FILE = new URL('../docs/access.md', import.meta.url);

const { write } = new Command('npm run infra:table --')
  .description(
    'Prints who may do what, where and why, and which key protects what, as the program declares it.',
  )
  .option('--write', 'write docs/access.md instead', false)
  .parse()
  .opts<{ write: boolean }>();

const document = await accessDocument();
if (write) writeFileSync(FILE, document);
else process.stdout.write(document);
