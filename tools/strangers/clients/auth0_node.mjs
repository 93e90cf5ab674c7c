// Reads a tenant with `auth0` (npm) and prints a line of JSON for each call. Standard input is that of auth0_python.py;
// methods and their paths are taken from the client's source, so that a newer release needs no list.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.argv[2], "package.json"));
const { ManagementClient } = require("auth0");
const task = JSON.parse(readFileSync(0, "utf8"));
const MAX_PAGES = 100;

function* members(object) {
  for (let prototype = Object.getPrototypeOf(object); prototype && prototype !== Object.prototype; prototype = Object.getPrototypeOf(prototype)) {
    yield* Object.entries(Object.getOwnPropertyDescriptors(prototype));
  }
}

function* readers(resource, name = "") {
  const seen = new Set();
  const sources = Object.fromEntries([...members(resource)].filter(([, made]) => typeof made.value === "function").map(([key, made]) => [key, made.value.toString()]));
  for (const [key, made] of members(resource)) {
    if (seen.has(key) || key.startsWith("_") || key === "constructor") continue;
    seen.add(key);
    if (made.get) {
      const value = resource[key];
      if (value && value.constructor && value.constructor.name.endsWith("Client")) yield* readers(value, `${name}${key}.`);
      continue;
    }
    const source = sources[`__${key}`] ?? sources[key] ?? "";
    const path = /Environment\.Default, (?:`([^`]*)`|"([^"]*)")\)/.exec(source);
    if (!path || !/method: "GET"/.test(source)) continue;
    const raw = path[1] ?? path[2];
    const parameters = [...raw.matchAll(/\$\{[\w.]*\((\w+)\)\}/g)].map((found) => found[1]);
    const template = `/${raw.replace(/\$\{[^}]*\}/g, "{}")}`;
    // A method with defaults hands all of its arguments to a generator, which names them.
    const signature = (source.includes("(this, arguments,") ? /function\* \(([^)]*)\)/ : /^\w+\(([^)]*)\)/).exec(source);
    const names = (signature?.[1] ?? "").split(",").map((part) => part.split("=")[0].trim());
    yield { name: name + key, resource, key, template, parameters, names };
  }
}

async function count(answer) {
  if (!answer || typeof answer.hasNextPage !== "function") return 1;
  let rows = answer.data.length;
  for (let pages = 0; answer.hasNextPage(); pages++) {
    if (pages > MAX_PAGES) throw new Error(`more than ${MAX_PAGES} pages`);
    answer = await answer.getNextPage();
    rows += answer.data.length;
  }
  return rows;
}

const client = new ManagementClient({ domain: task.domain, clientId: task.client_id, clientSecret: task.client_secret, audience: task.audience, maxRetries: 0 });
for (const { name, resource, key, template, parameters, names } of readers(client)) {
  const print = (call) => console.log(JSON.stringify({ template, method: name, ...call }));
  if (!(template in task.values)) print({ values: null });
  for (const values of task.values[template] ?? []) {
    const byName = Object.fromEntries(parameters.map((parameter, index) => [parameter, values[index]]));
    const request = { ...task.required[template] };
    const options = names.filter((one) => one && one !== "requestOptions").map((one) => byName[one] ?? request);
    try {
      print({ values, rows: await count(await resource[key](...options)) });
    } catch (error) {
      const status = error?.statusCode;
      print({ values, [status ? "status" : "parse"]: status ?? error?.constructor?.name, message: String(error?.message).slice(0, 400) });
    }
  }
}
