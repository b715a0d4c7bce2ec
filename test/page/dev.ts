import { spawn } from "node:child_process";

// startDev runs "connsvc dev" on free ports, and returns where its REST API is.
export async function startDev(): Promise<{ rest: string; stop: () => Promise<void> }> {
  const free = ["grpc", "rest", "admin", "emulator"].map((name) => `--${name}=127.0.0.1:0`);
  const dev = spawn(process.env.CONNSVC!, ["dev", "--peering-delay=0s", ...free], { stdio: ["ignore", "pipe", "ignore"] });
  const ended = new Promise<void>((resolve) => dev.once("exit", () => resolve()));
  let greeting = "";
  for await (const chunk of dev.stdout.setEncoding("utf8")) {
    greeting += chunk;
    if (greeting.includes("Ctrl-C stops it.")) break;
  }
  const rest = /REST +(http:\S+)/.exec(greeting)?.[1];
  if (!rest) throw new Error("dev does not say where it is: " + greeting);
  return {
    rest,
    stop: () => {
      dev.kill();
      return ended;
    },
  };
}
