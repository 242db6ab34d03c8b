package cli

import (
	"bufio"
	"context"
	"fmt"
	"strings"

	"github.com/starctl/starctl/starlark/diag"
)

// ask puts a question to the person at the terminal. Anything but a yes is a no.
func (u *ui) ask(ctx context.Context, question string) (bool, error) {
	answer, err := u.answer(ctx, question+" [y/N] ")
	switch strings.ToLower(answer) {
	case "y", "yes":
		return true, err
	}
	return false, err
}

// answer prints a prompt and reads a line. An interrupt ends the waiting.
func (u *ui) answer(ctx context.Context, prompt string) (string, error) {
	u.mu.Lock()
	_, err := fmt.Fprint(u.err, u.paint(bold, diag.Escape(prompt)))
	u.mu.Unlock()
	if err != nil {
		return "", err
	}
	line := make(chan string, 1)
	go func() {
		text, _ := bufio.NewReader(u.in).ReadString('\n') // an end without a line is no answer
		line <- text
	}()
	select {
	case text := <-line:
		if !strings.HasSuffix(text, "\n") {
			u.note("")
		}
		return strings.TrimSpace(text), nil
	case <-ctx.Done():
		u.note("")
		return "", ctx.Err()
	}
}
