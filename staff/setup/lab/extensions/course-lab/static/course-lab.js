/* Two small plugins for JupyterLab, written by hand: they need no build step.

JupyterLab loads an extension as a container of modules, which has `init` and `get`;
that is all there is to it (the last lines of this file). */

(() => {
  "use strict";

  /* Opening a notebook does not change it. JupyterLab writes the version of the
  kernel's Python into a notebook's metadata when the kernel has started, and counts
  this as a change. Where nothing else differs, it is none. */

  const unchanged = (model) => {
    const { metadata, ...rest } = model.toJSON();
    const { language_info, kernelspec, ...others } = metadata;
    return JSON.stringify([rest, others, language_info?.name, kernelspec?.name]);
  };

  const settle = async ({ context, sessionContext }) => {
    await context.ready;
    if (context.model.dirty) return;
    const opened = unchanged(context.model);
    await sessionContext.ready;
    const kernel = sessionContext.session?.kernel;
    if (!kernel) return;
    await Promise.all([kernel.info, kernel.spec]);
    await new Promise((done) => setTimeout(done)); // after those who waited as well
    if (unchanged(context.model) === opened) context.model.dirty = false;
  };

  const opening = {
    id: "course-lab:opening",
    autoStart: true,
    activate: (app) => {
      const known = new WeakSet();
      const look = (panel) => {
        if (!panel?.context || !panel.sessionContext || known.has(panel)) return;
        known.add(panel);
        settle(panel).catch((error) => console.warn("course-lab:", error));
      };
      app.shell.currentChanged?.connect((_, { newValue }) => look(newValue));
      look(app.shell.currentWidget);
    },
  };

  /* Validate runs the whole notebook. nbgrader disables its button meanwhile, and
  enables it again before it shows the verdict. */

  const EVERY = 10; // seconds between two messages

  const working = (seconds) =>
    `Validating${seconds ? ` (${seconds} s so far)` : ""}: the notebook runs from the ` +
    "top, as in Run all. Your own cells wait meanwhile.";

  const announce = async (app, button) => {
    const command = (name, args) => app.commands.execute(`apputils:${name}`, args);
    const id = await command("notify", {
      message: working(0),
      type: "in-progress",
      options: { autoClose: false },
    });
    let seconds = 0;
    const clock = setInterval(() => {
      seconds += EVERY;
      command("update-notification", { id, message: working(seconds) });
    }, EVERY * 1000);
    const observer = new MutationObserver(() => {
      if (button.isConnected && button.hasAttribute("disabled")) return;
      observer.disconnect();
      clearInterval(clock);
      command("dismiss-notification", { id });
    });
    observer.observe(document.body, {
      attributeFilter: ["disabled"],
      childList: true,
      subtree: true,
    });
  };

  const validating = {
    id: "course-lab:validating",
    autoStart: true,
    activate: (app) => {
      const pressed = new MutationObserver((changes) => {
        for (const { target } of changes) {
          if (!target.closest(".validate-button")) continue;
          if (!target.hasAttribute("disabled") || target.dataset.announced) continue;
          target.dataset.announced = "yes";
          const done = () => delete target.dataset.announced;
          announce(app, target).finally(done);
        }
      });
      pressed.observe(document.body, { attributeFilter: ["disabled"], subtree: true });
    },
  };

  const plugins = { __esModule: true, default: [opening, validating] };
  const modules = { "./extension": () => plugins };
  (window._JUPYTERLAB ??= {})["course-lab"] = {
    init: () => {},
    get: async (name) => modules[name],
  };
})();
