import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { bundleFunctions, functionNames } from '../bundle/functions.ts';
import { firstEvents } from './coldstart/first-events.ts';
import { type Launch, toListening } from './coldstart/listening.ts';
import { spread } from './coldstart/spread.ts';

/**
 * Measures each function's cold start, from the repository's sources and bundled: from exec until it listens,
 * beside a bare node:http server, and until it has answered the first event that the local cloud pushes to it in
 * a run. No compile cache is warm at first. Prints milliseconds as min/median/max, and the machine's load.
 */
const ROOT = resolve(import.meta.dirname, '..');
const { values } = parseArgs({
  options: { starts: { type: 'string', default: '9' }, runs: { type: 'string', default: '3' } },
});
const folder = mkdtempSync(join(tmpdir(), 'baton-coldstart-'));
console.log(`node ${process.version}, ${cpus().length} cores, load ${loadavg()[0].toFixed(1)}`);
try {
  const names = await functionNames();
  const bundles = join(folder, 'bundles');
  await bundleFunctions(bundles, names);
  await reportListening(names, bundles);
  for (const functionBundles of ['', bundles]) {
    const samples = await firstEvents(Number(values.runs), { 'baton:functionBundles': functionBundles });
    for (const name of names) {
      const events = samples.get(name) ?? [];
      const [elapsed, processor] = [
        events.map((event) => event.elapsed),
        events.map((event) => event.processor),
      ];
      const form = functionBundles ? 'bundled' : 'sources';
      console.log(`first event, ${name}, ${form}: ${spread(elapsed)}, processor time ${spread(processor)}`);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function reportListening(names: string[], bundles: string): Promise<void> {
  const bare = join(folder, 'bare.mjs');
  writeFileSync(
    bare,
    "import { createServer } from 'node:http';\ncreateServer((_, response) => response.end()).listen(process.env.PORT);\n",
  );
  const launches = new Map<string, Launch>([['bare node:http', { script: bare, cwd: folder, target: '' }]]);
  const framework = join(ROOT, 'node_modules/.bin/functions-framework');
  for (const target of names) {
    const cwd = join(bundles, target);
    launches.set(`${target}, sources`, { script: framework, cwd: ROOT, target });
    launches.set(`${target}, bundled`, { script: join(cwd, 'framework/main.cjs'), cwd, target });
  }
  const { elapsed, processor } = await toListening(launches, Number(values.starts));
  for (const name of launches.keys()) {
    console.log(
      `listening, ${name}: ${spread(elapsed.get(name))}, processor time ${spread(processor.get(name))}`,
    );
  }
}
