/** What a browser calls itself, as people call it: `Firefox, Android`. What is not known stays as it is. */
export function agentName(agent: string): string {
  const browser = first(agent, [[/Edg\//, 'Edge'], [/OPR\//, 'Opera'], [/Firefox\//, 'Firefox'], [/Chrom(e|ium)\//, 'Chrome'], [/Safari\//, 'Safari']])
  const system = first(agent, [[/iPhone/, 'iPhone'], [/iPad/, 'iPad'], [/Android/, 'Android'], [/Windows/, 'Windows'], [/Macintosh/, 'macOS'], [/CrOS/, 'ChromeOS'], [/Linux/, 'Linux']])
  return browser === undefined ? agent : [browser, system].filter((part) => part !== undefined).join(', ')
}

function first(agent: string, names: readonly (readonly [RegExp, string])[]): string | undefined {
  return names.find(([sign]) => sign.test(agent))?.[1]
}
