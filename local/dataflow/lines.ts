import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

/**
 * The lines of a text file, as Beam's TextIO reads them: they end with \n, \r\n or \r, text is UTF-8 with or
 * without a byte order mark, and a last line needs no end. A name ending in `.gz` is decompressed.
 *
 * @param path the file on this machine
 * @param name the object's name
 */
export async function* readLines(path: string, name: string): AsyncGenerator<string> {
  const file: Readable = createReadStream(path);
  const bytes = name.endsWith('.gz') ? file.pipe(createGunzip()) : file;
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of bytes) {
    rest += decoder.decode(chunk, { stream: true });
    // A \r at the end may be the first half of \r\n: it waits for the next chunk.
    const held = rest.endsWith('\r') ? '\r' : '';
    const lines = (held ? rest.slice(0, -1) : rest).split(/\r\n|\n|\r/);
    rest = lines.pop() + held;
    yield* lines;
  }
  rest += decoder.decode();
  if (rest !== '') yield rest.replace(/\r$/, '');
}
