import { posix } from 'node:path';

/** What an image says about running it, as far as its Dockerfile tells. */
export interface ImageConfig {
  env: Record<string, string>;
  /** Absolute, within the image. */
  workingDirectory: string;
  entrypoint: string[];
  cmd: string[];
}

/**
 * Reads the configuration of the image that a Dockerfile builds: that of its last stage, with what this one
 * inherits from earlier stages of the file. What the base images set is not known here.
 */
export function parseDockerfile(text: string): ImageConfig {
  const stages = new Map<string, ImageConfig>();
  const globals: Record<string, string> = {};
  let stage: ImageConfig | undefined;
  for (const { instruction, rest } of instructions(text)) {
    if (instruction === 'FROM') {
      const [, base, name] = /^(?:--\S+\s+)*(\S+)(?:\s+as\s+(\S+))?/i.exec(rest) ?? [];
      stage = structuredClone(stages.get(base?.toLowerCase() ?? '') ?? emptyImage());
      stages.set(name?.toLowerCase() ?? String(stages.size), stage);
    } else if (!stage) {
      if (instruction === 'ARG') Object.assign(globals, argument(rest, globals));
    } else {
      apply(stage, instruction, rest, globals);
    }
  }
  return stage ?? emptyImage();
}

function emptyImage(): ImageConfig {
  return { env: {}, workingDirectory: '/', entrypoint: [], cmd: [] };
}

function apply(stage: ImageConfig, instruction: string, rest: string, args: Record<string, string>): void {
  const variables = { ...args, ...stage.env };
  switch (instruction) {
    case 'ARG':
      Object.assign(args, argument(rest, variables));
      break;
    case 'ENV':
      Object.assign(stage.env, assignments(rest, variables));
      break;
    case 'WORKDIR':
      stage.workingDirectory = posix.resolve(stage.workingDirectory, expand(unquote(rest), variables));
      break;
    case 'ENTRYPOINT':
      stage.entrypoint = command(rest);
      stage.cmd = [];
      break;
    case 'CMD':
      stage.cmd = command(rest);
      break;
  }
}

/** One entry per instruction: comments left out, continued lines joined. */
function instructions(text: string): { instruction: string; rest: string }[] {
  const joined: string[] = [];
  let open = '';
  for (const line of text.split(/\r?\n/)) {
    if (line.trim() === '' || /^\s*#/.test(line)) continue;
    const continued = /^(.*?)\\\s*$/.exec(line);
    open += continued ? `${continued[1]} ` : line;
    if (continued) continue;
    joined.push(open.trim());
    open = '';
  }
  if (open.trim() !== '') joined.push(open.trim());
  return joined.map((line) => {
    const [, instruction = '', rest = ''] = /^(\S+)\s*(.*)$/s.exec(line) ?? [];
    return { instruction: instruction.toUpperCase(), rest };
  });
}

/** The exec form is a JSON array; anything else is the shell form. */
function command(rest: string): string[] {
  try {
    const parsed: unknown = JSON.parse(rest);
    if (Array.isArray(parsed) && parsed.every((part) => typeof part === 'string')) return parsed;
  } catch {
    // A shell command.
  }
  return ['/bin/sh', '-c', rest];
}

function argument(rest: string, variables: Record<string, string>): Record<string, string> {
  const [, name, value] = /^([A-Za-z_]\w*)(?:=(.*))?$/.exec(rest) ?? [];
  return name === undefined || value === undefined ? {} : { [name]: expand(unquote(value), variables) };
}

/** `KEY=value KEY="two words"`, or the old `KEY the rest of the line`. */
function assignments(rest: string, variables: Record<string, string>): Record<string, string> {
  const old = /^([A-Za-z_]\w*)\s+([^=].*)$/.exec(rest);
  if (old) return { [old[1]!]: expand(old[2]!, variables) };
  const pairs = rest.matchAll(/([A-Za-z_]\w*)=((?:"(?:\\.|[^"])*"|'[^']*'|\\.|[^\s])*)/g);
  return Object.fromEntries(
    [...pairs].map(([, name, value]) => [
      name,
      value!.startsWith("'") ? unquote(value!) : expand(unquote(value!), variables),
    ]),
  );
}

function unquote(value: string): string {
  const [, double, single] = /^"(.*)"$|^'(.*)'$/s.exec(value.trim()) ?? [];
  return single ?? (double ?? value.trim()).replace(/\\(.)/g, '$1');
}

function expand(value: string, variables: Record<string, string>): string {
  return value.replace(
    /\$(?:(\w+)|\{(\w+)(?::-([^}]*))?\})/g,
    (_match, bare: string | undefined, braced: string, fallback: string | undefined) =>
      variables[bare ?? braced] ?? fallback ?? '',
  );
}
