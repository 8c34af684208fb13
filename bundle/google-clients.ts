import { globSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Plugin } from 'rolldown';
import { ApiDescriptor } from './prune-protos.ts';
import { REPOSITORY } from './repository.ts';

const DESCRIPTOR = /[\\/]protos[\\/]\w+\.json$/;
const SERVICES = '?services=';
/** The packages whose clients the handlers call by their methods' names, and not through a layer of their own. */
const CALLED_BY_NAME = /@google-cloud[\\/](aiplatform|dataflow)[\\/]/;
/** The message classes that packages export: generated code, megabytes of it, that handlers and clients don't use. */
const MESSAGE_CLASSES =
  /(@google-cloud[\\/][^\\/]+[\\/]build[\\/]protos[\\/]protos|google-gax[\\/]build[\\/]protos[\\/]\w+)\.js$/;

/**
 * Makes Google's gRPC clients small. A client reads the descriptor of its whole API when it is built, of which it
 * needs its own service, with the methods that are called: that is what each gets. The generated message classes are
 * left out.
 */
export function smallGoogleClients(): Plugin {
  const descriptors = new Map<string, ApiDescriptor>();
  const descriptor = (path: string) => {
    const known = descriptors.get(path) ?? new ApiDescriptor(JSON.parse(readFileSync(path, 'utf8')));
    descriptors.set(path, known);
    return known;
  };
  const clients = new Map<string, string>();
  const isCalled = calledIn(handlerSources());
  return {
    name: 'small-google-clients',
    resolveId: {
      filter: { id: DESCRIPTOR },
      handler(source, importer) {
        if (!importer) return null;
        const client = readFileSync(importer, 'utf8');
        const services = servicesOf(client);
        if (services.length === 0) return null;
        const id = `${resolve(dirname(importer), source)}${SERVICES}${services.join(',')}`;
        clients.set(id, client);
        return id;
      },
    },
    load: {
      filter: { id: [MESSAGE_CLASSES, /\?services=/] },
      handler(id) {
        if (MESSAGE_CLASSES.test(id)) return { code: NO_MESSAGE_CLASSES, moduleType: 'js' };
        const [path, services] = id.split(SERVICES);
        const pruned = descriptor(path).prune(services.split(','), {
          ...(CALLED_BY_NAME.test(path) && { methods: isCalled }),
          types: typesOf(clients.get(id) ?? ''),
        });
        // V8 reads a string of JSON faster than the same object as a literal.
        return {
          code: `module.exports = JSON.parse(${JSON.stringify(JSON.stringify(pruned))});`,
          moduleType: 'js',
        };
      },
    },
  };
}

/** A generated client names its service where it asks for the stub. */
function servicesOf(client: string): string[] {
  return [...client.matchAll(/rotos\.lookupService\('([\w.]+)'\)/g)].map(([, service]) => service);
}

/** What a generated client looks up when it is built: the ends of its long-running operations, whichever are called. */
function typesOf(client: string): string[] {
  return [...client.matchAll(/protoFilesRoot\.lookup\('\.([\w.]+)'\)/g)].map(([, type]) => type);
}

function handlerSources(): string {
  const files = globSync('handlers/**/*.ts', { cwd: REPOSITORY });
  return files.map((file) => readFileSync(join(REPOSITORY, file), 'utf8')).join('\n');
}

/** Whether a method is called in a text by its name, which in JavaScript begins with a small letter. */
function calledIn(sources: string): (method: string) => boolean {
  const called = new Set([...sources.matchAll(/\.(\w+?)(?:Async|Stream)?\(/g)].map(([, name]) => name));
  return (method) => called.has(method[0].toLowerCase() + method.slice(1));
}

/** google-gax copies the exports of such a module by their names, so `google` must be one. */
const NO_MESSAGE_CLASSES = `exports.google = new Proxy({}, {
  get(_, name) {
    if (typeof name === 'symbol' || name === '__esModule') return undefined;
    throw new Error(\`the message classes google.\${name} are not in the bundle: bundle/google-clients.ts leaves them out\`);
  },
});`;
