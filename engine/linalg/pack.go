package linalg

// pack copies alpha times the n×k block of a factor that begins at s into
// panels of w rows,
//
//	dst[q·w·k + p·w + r] = alpha·(element (q·w+r, p)).
//
// A last panel of fewer rows keeps the stride w, its gaps are left as they
// are. Where the elements of a row of s belong to different rows of a panel,
// a few rows are copied at a time: few pages of s are open then.
func pack(dst, s []float64, f factor, n, k, w int, alpha float64) {
	piece := k
	if f.outer == 1 {
		piece = 8
	}
	for p := 0; p < k; p += piece {
		d := min(piece, k-p)
		for i := 0; i < n; i += w {
			h := min(w, n-i)
			panel := dst[i*k+p*w : i*k+(p+d-1)*w+h]
			from := s[i*f.outer+p*f.inner:]
			if f.outer == 1 {
				packColumns(panel, from, f.inner, h, d, w, alpha)
			} else {
				packRows(panel, from, f.outer, h, d, w, alpha)
			}
		}
	}
}

// packColumns copies k times h contiguous elements.
func packColumns(panel, s []float64, stride, h, k, w int, alpha float64) {
	switch {
	case alpha == 1 && h == panelA && w == panelA:
		for p := range k {
			x := *(*[panelA]float64)(s[p*stride:])
			*(*[panelA]float64)(panel[p*panelA:]) = x
		}
	case alpha == 1 && h == panelB && w == panelB:
		for p := range k {
			x := *(*[panelB / 2]float64)(s[p*stride:])
			y := *(*[panelB / 2]float64)(s[p*stride+panelB/2:])
			*(*[panelB / 2]float64)(panel[p*panelB:]) = x
			*(*[panelB / 2]float64)(panel[p*panelB+panelB/2:]) = y
		}
	default:
		for p := range k {
			to := panel[p*w : p*w+h]
			for r, x := range s[p*stride : p*stride+h] {
				to[r] = alpha * x
			}
		}
	}
}

// packRows transposes h rows of k contiguous elements, four at a time.
func packRows(panel, s []float64, stride, h, k, w int, alpha float64) {
	r := 0
	for ; r+4 <= h; r += 4 {
		s0 := s[r*stride : r*stride+k]
		s1 := s[(r+1)*stride : (r+1)*stride+k][:len(s0)]
		s2 := s[(r+2)*stride : (r+2)*stride+k][:len(s0)]
		s3 := s[(r+3)*stride : (r+3)*stride+k][:len(s0)]
		at := r
		for p := range s0 {
			to := panel[at : at+4 : at+4]
			to[0] = alpha * s0[p]
			to[1] = alpha * s1[p]
			to[2] = alpha * s2[p]
			to[3] = alpha * s3[p]
			at += w
		}
	}
	for ; r < h; r++ {
		for p, x := range s[r*stride : r*stride+k] {
			panel[p*w+r] = alpha * x
		}
	}
}
