// Search runs in a worker, and browsers start none for a page of the disk. There, a hidden frame takes its place: the
// same script, with its two functions for messages, in the page's own thread.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(script) {
      super()
      const frame = document.body.appendChild(document.createElement("iframe"))
      frame.hidden = true
      this.scope = frame.contentWindow
      this.frame = frame
      const load = url =>
        new Promise((resolve, reject) => {
          const element = this.scope.document.createElement("script")
          Object.assign(element, { src: url, onload: resolve, onerror: () => reject(new Error(`cannot load ${url}`)) })
          this.scope.document.body.append(element)
        })
      // Copies, as a worker's are: each side changes its own. Later, as a worker's come.
      this.scope.postMessage = data => {
        const message = new MessageEvent("message", { data: structuredClone(data) })
        setTimeout(() => this.receive(message))
      }
      // Of a worker it returns when all are loaded; here it can only promise to.
      this.scope.importScripts = (...urls) => urls.reduce((before, url) => before.then(() => load(url)), Promise.resolve())
      this.loaded = load(new URL(script, location.href))
    }

    receive(message) {
      this.dispatchEvent(message)
      this.onmessage?.(message)
    }

    postMessage(data) {
      const message = new MessageEvent("message", { data: structuredClone(data) })
      this.loaded.then(() => this.scope.dispatchEvent(message))
    }

    terminate() {
      this.frame.remove()
    }
  }
}
