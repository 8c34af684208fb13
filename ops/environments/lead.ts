import type { Variables } from './environment.ts';

/**
 * Leads this process's Google clients to the environment: where a variable is not as the environment has it, the
 * process begins again with all of them, since Node and the clients read theirs when they are loaded. A real project
 * has none, and so changes nothing.
 */
export function leadTo(variables: Variables): void {
  const wanted = Object.entries(variables);
  if (wanted.every(([name, value]) => (process.env[name] ?? null) === value)) return;
  const variablesOfAll = { ...process.env };
  for (const [name, value] of wanted) {
    if (value === null) delete variablesOfAll[name];
    else variablesOfAll[name] = value;
  }
  process.execve?.(
    process.execPath,
    [process.execPath, ...process.execArgv, ...process.argv.slice(1)],
    variablesOfAll,
  );
}
