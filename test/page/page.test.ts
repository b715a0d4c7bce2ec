// The page at /docs, in a browser, against "connsvc dev".
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { startDev } from "./dev.js";

const project = "48cc2c48765f481480c7db940d6409d1";
const create = "#createEnhancedConnection";
const screenshots = process.env.SCREENSHOTS!;

let dev: Awaited<ReturnType<typeof startDev>>;
let browser: Browser;
let complaints: string[];
let pages: Page[];

before(async () => {
  mkdirSync(screenshots, { recursive: true });
  dev = await startDev();
  // As root, in a container, Chromium has no sandbox.
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM!, args: ["--no-sandbox"] });
});
after(async () => {
  await browser.close();
  await dev.stop();
});
beforeEach(() => {
  complaints = [];
  pages = [];
});
afterEach(async () => {
  for (const page of pages) await page.context().close();
  assert.deepEqual(complaints, [], "of the browser, or about another host");
});

async function open(path: string, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1180, height: 860 }, ...options });
  const page = await context.newPage();
  pages.push(page);
  page.on("console", (message) => {
    // A request that is rejected is on the console of every page.
    const rejected = /Failed to load resource: .* status of 4/.test(message.text()) && message.location().url.includes("/v");
    if (!rejected) complaints.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    if (!request.url().startsWith(dev.rest)) complaints.push("request to " + request.url());
  });
  await page.goto(dev.rest + path);
  return page;
}

async function names(): Promise<string[]> {
  const response = await fetch(`${dev.rest}/v2.0/${project}/datasource/enhanced-connections`);
  const list = (await response.json()) as { connections: { name: string }[] };
  return list.connections.map((c) => c.name);
}

// contrast returns that of the text of an element, as WCAG defines it.
function contrast(page: Page, selector: string): Promise<number> {
  return page.locator(selector).first().evaluate((element) => {
    const parse = (color: string) => color.match(/[\d.]+/g)!.map(Number);
    const luminance = (color: number[]) =>
      color.slice(0, 3).reduce((sum, c, i) => sum + [0.2126, 0.7152, 0.0722][i]! * (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4), 0);
    let behind: Element | null = element;
    while (behind && parse(getComputedStyle(behind).backgroundColor)[3] === 0) behind = behind.parentElement;
    const light = [luminance(parse(getComputedStyle(element).color)), luminance(parse(getComputedStyle(behind!).backgroundColor))];
    return (Math.max(...light) + 0.05) / (Math.min(...light) + 0.05);
  });
}

for (const colorScheme of ["light", "dark"] as const) {
  test(`it shows every operation, ${colorScheme}`, async () => {
    const page = await open("/docs", { colorScheme });
    await page.locator(create).waitFor();
    const doc = (await (await fetch(dev.rest + "/docs/openapi.json")).json()) as { paths: Record<string, object> };
    const operations = Object.values(doc.paths).flatMap((item) => Object.keys(item));
    assert.equal(await page.locator("main > section > details").count(), operations.length);
    const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    assert.equal(background, colorScheme === "light" ? "rgb(255, 255, 255)" : "rgb(13, 17, 23)");
    await page.locator(`${create} > summary`).click();
    await page.locator(`${create} button`).click();
    await page.locator(`${create} .response strong`).waitFor();
    for (const selector of ["body", "a", "summary", `${create} input`, `${create} textarea`, `${create} button`, `${create} .quiet`, `${create} pre`, `${create} .response p`]) {
      const got = await contrast(page, selector);
      assert.ok(got >= 4.5, `${selector} has a contrast of ${got}`);
    }
    await page.evaluate(() => scrollTo(0, 0));
    await page.screenshot({ path: `${screenshots}/page-${colorScheme}.jpg`, quality: 70 });
  });
}

test("\"try it\" creates a connection", async () => {
  const page = await open("/docs" + create);
  const body = page.locator(`${create} textarea`);
  const request = JSON.parse(await body.inputValue()) as Record<string, unknown>;
  await body.fill(JSON.stringify({ ...request, name: "tried" }));
  await page.locator(`${create} button`).click();
  await page.locator(`${create} .response`, { hasText: "201" }).waitFor();
  const shown = await page.locator(`${create} .response pre`).first().innerText();
  assert.match(JSON.parse(shown).connection_id, /^[0-9a-f-]{36}$/);
  assert.ok((await names()).includes("tried"));
});

test("\"try it\" shows what is wrong with a request", async () => {
  const page = await open("/docs" + create);
  await page.locator(`${create} textarea`).fill(`{"name": "not-a-name"}`);
  await page.locator(`${create} button`).click();
  await page.locator(`${create} .response`, { hasText: "400" }).waitFor();
  assert.match(await page.locator(`${create} .response pre`).first().innerText(), /CONNECTION_NAME/);
});

test("the keyboard alone creates a connection", async () => {
  const page = await open("/docs");
  await page.locator(create).waitFor();
  const focused = () => page.evaluate(() => document.activeElement!.closest("label, summary, button, a")?.textContent ?? "");
  const tabTo = async (text: RegExp) => {
    for (let presses = 0; presses < 100; presses++) {
      if (text.test(await focused())) return;
      await page.keyboard.press("Tab");
    }
    assert.fail(`Tab does not reach ${text}`);
  };
  await page.keyboard.press("Tab");
  assert.match(await focused(), /Skip to the operations/);
  await page.keyboard.press("Enter");
  await tabTo(/POST.*Creates a connection/);
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab"); // into what has opened
  await tabTo(/^body/);
  await page.keyboard.press("Control+A");
  await page.keyboard.insertText(JSON.stringify({
    name: "by_keyboard", dest_vpc_id: "22094d8f-c310-4621-913d-4c4d655d8495", dest_network_id: "78f2562a-36e4-4b39-95b9-f5aab22e1281",
  }));
  await tabTo(/^Send$/);
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement!).outlineStyle);
  assert.equal(outline, "solid", "the focus can be seen");
  await page.keyboard.press("Enter");
  await page.locator(`${create} .response`, { hasText: "201" }).waitFor();
  assert.ok((await names()).includes("by_keyboard"));
});

test("credentials are sent, and shown nowhere", async () => {
  const page = await open("/docs" + create);
  await page.locator("#credentials > summary").click();
  await page.getByLabel("Bearer token").fill("of-the-caller");
  const sent = page.waitForRequest((request) => request.method() === "POST");
  await page.locator(`${create} button`).click();
  assert.equal((await sent).headers()["authorization"], "Bearer of-the-caller");
  await page.locator(`${create} .response strong`).waitFor();
  assert.ok(!(await page.content()).includes("of-the-caller"));
  assert.match(await page.locator(`${create} .response`).innerText(), /Bearer \$TOKEN/);
  assert.deepEqual(await page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie]), [0, 0, ""]);
});

test("the root links to it", async () => {
  const page = await open("/");
  await page.getByRole("link", { name: "The API" }).click();
  await page.locator(create).waitFor();
  assert.equal(new URL(page.url()).pathname, "/docs");
});

test("it fits a telephone", async () => {
  const page = await open("/docs" + create, { viewport: { width: 360, height: 740 } });
  await page.locator(`${create} textarea`).waitFor();
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "nothing is cut off");
});
