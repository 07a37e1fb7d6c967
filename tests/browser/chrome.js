// SPDX-License-Identifier: LGPL-2.1-or-later
// A headless Chromium at the end of a pipe, spoken to in its own protocol (DevTools): as much of it as looking at a page
// takes, and no package for it. It knows no page of ours.
'use strict';
const { spawn } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');

// Nothing may leave the machine: no name resolves, nothing is asked for in the background.
const FLAGS = [
	'--headless=new', '--no-sandbox', '--remote-debugging-pipe', '--disable-gpu', '--disable-dev-shm-usage', '--mute-audio',
	'--no-first-run', '--no-default-browser-check', '--disable-background-networking', '--disable-component-update',
	'--disable-sync', '--disable-extensions', '--disable-default-apps', '--no-pings', '--no-proxy-server',
	'--host-resolver-rules=MAP * ~NOTFOUND', '--hide-scrollbars', '--font-render-hinting=none', 'about:blank',
];

class Chrome {
	constructor(program) {
		this.home = fs.mkdtempSync(path.join(os.tmpdir(), 'respin-chrome-'));
		this.child = spawn(program, ['--user-data-dir=' + this.home, ...FLAGS], { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
		this.ended = new Promise(resolve => this.child.on('exit', resolve));
		this.child.on('error', () => {});
		this.next = 1;
		this.waiting = new Map();
		this.listeners = [];
		let rest = Buffer.alloc(0);
		this.child.stdio[4].on('data', chunk => {
			rest = Buffer.concat([rest, chunk]);
			for (let end; (end = rest.indexOf(0)) >= 0; rest = rest.subarray(end + 1))
				this.take(JSON.parse(rest.subarray(0, end).toString()));
		});
		this.ended.then(() => {
			for (const { reject } of this.waiting.values())
				reject(new Error('the browser ended'));
		});
	}

	take(message) {
		if (!message.id) {
			this.listeners.forEach(listener => listener(message));
			return;
		}
		const { resolve, reject } = this.waiting.get(message.id);
		this.waiting.delete(message.id);
		if (message.error)
			reject(new Error(message.error.message));
		else
			resolve(message.result);
	}

	send(method, params = {}, sessionId) {
		const id = this.next++;
		return new Promise((resolve, reject) => {
			this.waiting.set(id, { resolve, reject });
			this.child.stdio[3].write(JSON.stringify({ id, method, params, sessionId }) + '\0');
		});
	}

	async close() {
		await this.send('Browser.close').catch(() => {});
		await this.ended;
		fs.rmSync(this.home, { recursive: true, force: true, maxRetries: 5 });
	}
}

// One page of a browser, and what it did that it should not have done.
class Tab {
	static async open(chrome) {
		const tab = new Tab();
		tab.chrome = chrome;
		const { targetId } = await chrome.send('Target.createTarget', { url: 'about:blank' });
		tab.target = targetId;
		tab.session = (await chrome.send('Target.attachToTarget', { targetId, flatten: true })).sessionId;
		tab.complaints = [];
		tab.requests = [];
		tab.loads = [];
		tab.listener = message => message.sessionId === tab.session && tab.take(message.method, message.params);
		chrome.listeners.push(tab.listener);
		for (const method of ['Page.enable', 'Runtime.enable', 'Log.enable', 'Network.enable'])
			await tab.send(method);
		await tab.send('Fetch.enable', { patterns: [{ urlPattern: '*' }] });
		return tab;
	}

	send(method, params) {
		return this.chrome.send(method, params, this.session);
	}

	take(method, params) {
		if (method === 'Runtime.exceptionThrown')
			this.complaints.push(params.exceptionDetails.exception?.description || params.exceptionDetails.text);
		else if (method === 'Runtime.consoleAPICalled' && ['error', 'warning', 'assert'].includes(params.type))
			this.complaints.push('console: ' + params.args.map(arg => arg.value || arg.description).join(' '));
		else if (method === 'Log.entryAdded' && ['error', 'warning'].includes(params.entry.level))
			this.complaints.push('log: ' + params.entry.text);
		else if (method === 'Network.requestWillBeSent')
			this.request(params.request.url);
		else if (method === 'Page.loadEventFired')
			this.loads.splice(0).forEach(resolve => resolve());
		else if (method === 'Fetch.requestPaused')
			this.fetch(params);
	}

	request(url) {
		if (url !== this.url && !url.startsWith('data:') && url !== 'about:blank' && !this.requests.includes(url))
			this.requests.push(url);
	}

	fetch({ requestId, request }) {
		this.request(request.url);
		const allowed = request.url === this.url || request.url.startsWith('data:');
		(allowed ? this.send('Fetch.continueRequest', { requestId })
			: this.send('Fetch.failRequest', { requestId, errorReason: 'BlockedByClient' })).catch(() => {});
	}

	async look(width, height, scheme, scale = 1, reduce = true) {
		await this.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: scale, mobile: width < 600 });
		await this.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme },
			{ name: 'prefers-reduced-motion', value: reduce ? 'reduce' : 'no-preference' }] });
	}

	async go(file) {
		this.url = 'file://' + file;
		const loaded = new Promise(resolve => this.loads.push(resolve));
		await this.send('Page.navigate', { url: this.url });
		await loaded;
		await this.settle();
	}

	settle() { // two frames: what was to be drawn is drawn
		return this.run('new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done())))');
	}

	async run(expression) {
		const { result, exceptionDetails } = await this.send('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true });
		if (exceptionDetails)
			throw new Error(exceptionDetails.exception?.description || exceptionDetails.text);
		return result.value;
	}

	async key(key) {
		const codes = { Tab: 9, Enter: 13, Escape: 27, End: 35, Home: 36, ArrowLeft: 37, ArrowUp: 38, ArrowRight: 39, ArrowDown: 40 };
		const params = { key, code: key, windowsVirtualKeyCode: codes[key] };
		if (key === 'Enter')
			params.text = '\r';
		await this.send('Input.dispatchKeyEvent', { type: 'keyDown', ...params });
		await this.send('Input.dispatchKeyEvent', { type: 'keyUp', ...params });
		await this.settle();
	}

	async point(x, y) {
		await this.send('Input.dispatchMouseEvent', { type: 'mouseMoved', x, y });
		await this.settle();
	}

	async click(x, y) {
		await this.point(x, y);
		for (const type of ['mousePressed', 'mouseReleased'])
			await this.send('Input.dispatchMouseEvent', { type, x, y, button: 'left', clickCount: 1 });
		await this.settle();
	}

	async shot(file, clip) {
		const { data } = await this.send('Page.captureScreenshot', { format: 'png', ...(clip ? { clip: { ...clip, scale: 1 }, captureBeyondViewport: true } : {}) });
		fs.writeFileSync(file, Buffer.from(data, 'base64'));
	}

	async close() {
		this.chrome.listeners.splice(this.chrome.listeners.indexOf(this.listener), 1);
		await this.chrome.send('Target.closeTarget', { targetId: this.target });
	}
}

module.exports = { Chrome, Tab };
