// The page of a link: adding files, and with a link for editing replacing, deleting and making folders. It has no origin and no cookie;
// what stands for the password comes with the page.
(() => {
  const main = document.querySelector('main');
  const { pass, base, words } = main.dataset;
  const said = JSON.parse(words);
  const status = document.querySelector('#status');

  const ask = (method, url, { body, headers = {}, progress } = {}) =>
    new Promise((resolve) => {
      const request = new XMLHttpRequest();
      request.open(method, url);
      if (pass) request.setRequestHeader('authorization', `Bearer ${pass}`);
      for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
      if (progress) request.upload.onprogress = (event) => progress(event.loaded, event.total);
      request.onload = () => {
        let [text, code] = [said.failed, ''];
        try {
          const problem = JSON.parse(request.responseText);
          text = [problem.detail, problem.hint].filter(Boolean).join(' ');
          code = problem.code;
        } catch {
          // Not every answer is a document.
        }
        resolve({ ok: request.status >= 200 && request.status < 300, text, code });
      };
      request.onerror = () => resolve({ ok: false, text: said.failed, code: '' });
      request.send(body);
    });

  const row = (name) => {
    const item = document.createElement('li');
    const label = document.createElement('span');
    label.className = 'name';
    label.textContent = name;
    const bar = document.createElement('progress');
    bar.setAttribute('aria-label', name);
    item.append(label, bar);
    document.querySelector('#sent').append(item);
    return {
      progress: (loaded, total) => {
        bar.max = total || 1;
        bar.value = loaded;
      },
      end: ({ ok, text }) => {
        const note = document.createElement('span');
        note.className = ok ? 'size' : 'bad';
        note.textContent = ok ? said.added : text;
        bar.replaceWith(note);
      },
    };
  };

  const put = (file, url, headers, progress) =>
    ask('PUT', url, { body: file, progress, headers: { 'x-oc-mtime': String(Math.floor(file.lastModified / 1000)), ...headers } });

  // A link for editing never replaces by a name alone: it asks for another one.
  const free = async (file, progress) => {
    const dot = file.name.lastIndexOf('.');
    const [stem, end] = dot > 0 ? [file.name.slice(0, dot), file.name.slice(dot)] : [file.name, ''];
    for (let number = 1; ; number += 1) {
      const name = number === 1 ? file.name : `${stem} (${number})${end}`;
      const answer = await put(file, base + encodeURIComponent(name), { 'if-none-match': '*' }, progress);
      if (answer.ok || number === 20 || answer.code !== 'changed-meanwhile') return answer;
    }
  };

  let sending = Promise.resolve();
  const send = (files) => {
    for (const file of files) {
      const shown = row(file.name);
      sending = sending.then(async () => {
        const answer = await free(file, shown.progress);
        shown.end(answer);
        status.textContent = answer.ok ? `${file.name}: ${said.added}` : `${file.name}: ${answer.text}`;
      });
    }
  };

  const zone = document.querySelector('#zone');
  if (zone) {
    const chosen = zone.querySelector('input');
    zone.querySelector('button').addEventListener('click', () => chosen.click());
    chosen.addEventListener('change', () => {
      send(chosen.files);
      chosen.value = '';
    });
    zone.addEventListener('dragover', (event) => {
      event.preventDefault();
      zone.classList.add('over');
    });
    zone.addEventListener('dragleave', () => zone.classList.remove('over'));
    zone.addEventListener('drop', (event) => {
      event.preventDefault();
      zone.classList.remove('over');
      send(event.dataTransfer.files);
    });
  }

  const done = (answer) => {
    if (answer.ok) location.reload();
    else status.textContent = answer.text;
  };
  for (const button of document.querySelectorAll('button[data-replace]')) {
    const chosen = document.createElement('input');
    chosen.type = 'file';
    chosen.addEventListener('change', async () => {
      const [file] = chosen.files;
      if (file) done(await put(file, base + button.dataset.replace, { 'if-match': `"${button.dataset.etag}"` }));
    });
    button.addEventListener('click', () => chosen.click());
  }
  for (const button of document.querySelectorAll('button[data-delete]')) {
    button.addEventListener('click', async () => {
      if (!button.dataset.sure) {
        button.dataset.sure = 'asked';
        button.textContent = said.sure;
        return;
      }
      const headers = button.dataset.etag ? { 'if-match': `"${button.dataset.etag}"` } : {};
      done(await ask('DELETE', base + button.dataset.delete, { headers }));
    });
  }
  const folder = document.querySelector('#folder');
  folder?.addEventListener('submit', async (event) => {
    event.preventDefault();
    const name = folder.querySelector('input').value.trim();
    if (name) done(await ask('MKCOL', base + encodeURIComponent(name)));
  });
})();
