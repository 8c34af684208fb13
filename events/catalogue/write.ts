import { writeFile } from 'node:fs/promises';
import { CATALOGUE_FILES } from './files.ts';

for (const { url, content } of CATALOGUE_FILES) await writeFile(url, content());
